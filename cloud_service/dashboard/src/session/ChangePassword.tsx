import { type SubmitEvent, useState } from "react";

import { wordsOf } from "../api/problem.ts";
import { changePassword } from "./accounts.ts";

interface Props {
  user: string;
  onChanged: () => void;
  onCancel: () => void;
}

/** The form by which users take another password; all their sessions end with it. */
export function ChangePassword({ user, onChanged, onCancel }: Props) {
  const [present, setPresent] = useState("");
  const [fresh, setFresh] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    changePassword(present, fresh)
      .then(onChanged, (error: unknown) => {
        setFault(wordsOf(error));
      })
      .finally(() => {
        setBusy(false);
      });
  };

  return (
    <form onSubmit={submit} className="fields">
      <input type="text" autoComplete="username" value={user} readOnly hidden />
      <label htmlFor="present-password">Present password</label>
      <input
        id="present-password"
        type="password"
        autoComplete="current-password"
        required
        value={present}
        onChange={(event) => {
          setPresent(event.target.value);
        }}
      />
      <label htmlFor="new-password">New password</label>
      <input
        id="new-password"
        type="password"
        autoComplete="new-password"
        required
        minLength={12}
        value={fresh}
        aria-describedby="password-help"
        onChange={(event) => {
          setFresh(event.target.value);
        }}
      />
      <p id="password-help" className="quiet">
        12 characters or more, say four rare words. You are logged out everywhere and log in anew.
      </p>
      {fault !== null && (
        <p role="alert" className="fault">
          {fault}
        </p>
      )}
      <p className="buttons">
        <button type="submit" className="primary" disabled={busy}>
          {busy ? "Changing…" : "Change"}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </p>
    </form>
  );
}
