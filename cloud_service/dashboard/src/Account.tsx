import { use, useRef } from "react";

import { ChangePassword } from "./ChangePassword.tsx";
import { MeContext } from "./me.ts";

/** Who is logged in, as what and for which site, and the ways out. */
export function Account({ onLogOut, onPasswordChanged }: { onLogOut: () => void; onPasswordChanged: () => void }) {
  const me = use(MeContext);
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <div className="account" role="group" aria-label="Account">
      {me !== null && (
        <>
          <span>
            <strong>{me.user}</strong> <span className="quiet">{me.site === null ? me.role : `${me.role}, ${me.site}`}</span>
          </span>
          <button
            type="button"
            onClick={() => {
              dialog.current?.showModal();
            }}
          >
            Password…
          </button>
        </>
      )}
      <button type="button" onClick={onLogOut}>
        Log out
      </button>
      <dialog ref={dialog} aria-label="Change password" className="card">
        <ChangePassword
          user={me?.user ?? ""}
          onChanged={onPasswordChanged}
          onCancel={() => {
            dialog.current?.close();
          }}
        />
      </dialog>
    </div>
  );
}
