import { type SubmitEvent, useId, useState } from "react";

import { wordsOf } from "../api/problem.ts";
import type { Me } from "../api.gen.ts";
import { logIn } from "./accounts.ts";

interface Props {
  /** Says why the form is shown. */
  notice: string | null;
  /** Whose session has ended; the name is filled in. */
  user?: string;
  onLoggedIn: (me: Me) => void;
}

/** The fields that exchange user name and password for a session. */
export function LogInForm({ notice, user: known = "", onLoggedIn }: Props) {
  const [user, setUser] = useState(known);
  const [password, setPassword] = useState("");
  const [fault, setFault] = useState(notice);
  const [busy, setBusy] = useState(false);
  const id = useId();

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    logIn(user.trim(), password)
      .then(onLoggedIn, (error: unknown) => {
        setFault(wordsOf(error));
      })
      .finally(() => {
        setBusy(false);
      });
  };

  return (
    <form onSubmit={submit} className="fields">
      <label htmlFor={`${id}-user`}>User name</label>
      <input
        id={`${id}-user`}
        type="text"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus={known === ""}
        required
        value={user}
        onChange={(event) => {
          setUser(event.target.value);
        }}
      />
      <label htmlFor={`${id}-password`}>Password</label>
      <input
        id={`${id}-password`}
        type="password"
        autoComplete="current-password"
        autoFocus={known !== ""}
        required
        value={password}
        onChange={(event) => {
          setPassword(event.target.value);
        }}
      />
      {fault !== null && (
        <p role="alert" className="fault">
          {fault}
        </p>
      )}
      <button type="submit" className="primary" disabled={busy}>
        {busy ? "Logging in…" : "Log in"}
      </button>
    </form>
  );
}
