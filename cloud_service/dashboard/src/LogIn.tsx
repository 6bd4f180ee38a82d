import { type SubmitEvent, useState } from "react";

import { logIn, Problem } from "./api.ts";
import type { Me } from "./api.gen.ts";
import { Brand } from "./Brand.tsx";
import { ResearchNotice } from "./ResearchNotice.tsx";

/** The form that exchanges user name and password for a session; `notice` says why it is shown. */
export function LogIn({ notice, onLoggedIn }: { notice: string | null; onLoggedIn: (me: Me) => void }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [fault, setFault] = useState(notice);
  const [busy, setBusy] = useState(false);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    logIn(user.trim(), password)
      .then(onLoggedIn, (error: unknown) => {
        setFault(error instanceof Problem ? error.message : "The server does not answer. Is Smearflow running?");
      })
      .finally(() => {
        setBusy(false);
      });
  };

  return (
    <main className="log-in">
      <form onSubmit={submit} className="card">
        <h1>
          <Brand />
        </h1>
        <p className="quiet">Blood-smear screening, from the microscope to the clinician.</p>
        <label htmlFor="user">User name</label>
        <input
          id="user"
          type="text"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          value={user}
          onChange={(event) => {
            setUser(event.target.value);
          }}
        />
        <label htmlFor="password">Password</label>
        <input
          id="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          aria-describedby="log-in-help"
          onChange={(event) => {
            setPassword(event.target.value);
          }}
        />
        <p id="log-in-help" className="quiet">
          <code>smearflow up</code> prints the first user&apos;s password when it starts for the first time;{" "}
          <code>smearflow user reset</code> gives a new one.
        </p>
        {fault !== null && (
          <p role="alert" className="fault">
            {fault}
          </p>
        )}
        <button type="submit" className="primary" disabled={busy}>
          {busy ? "Logging in…" : "Log in"}
        </button>
      </form>
      <ResearchNotice />
    </main>
  );
}
