import { type SubmitEvent, useState } from "react";

import { logIn, Problem } from "./api.ts";
import { Brand } from "./Brand.tsx";
import { ResearchNotice } from "./ResearchNotice.tsx";

/** The form that exchanges the access key for a session. */
export function LogIn({ ended, onLoggedIn }: { ended: boolean; onLoggedIn: () => void }) {
  const [key, setKey] = useState("");
  const [fault, setFault] = useState<string | null>(ended ? "The session has ended: log in again." : null);
  const [busy, setBusy] = useState(false);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    logIn(key.trim())
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
        <label htmlFor="access-key">Access key</label>
        <input
          id="access-key"
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={key}
          aria-invalid={fault !== null}
          aria-describedby="access-key-help"
          onChange={(event) => {
            setKey(event.target.value);
          }}
        />
        <p id="access-key-help" className="quiet">
          <code>smearflow up</code> and <code>smearflow demo</code> print it when they start.
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
