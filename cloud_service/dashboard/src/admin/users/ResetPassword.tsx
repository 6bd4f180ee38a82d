import { useMutation } from "@tanstack/react-query";

import { Dialog } from "../../design/Dialog.tsx";
import { Refusal } from "../Confirm.tsx";
import { resetPassword } from "./api.ts";
import { NewPassword } from "./NewPassword.tsx";

/** Asks whether a user is to have a new password, and shows it this once. */
export function ResetPassword({ name, onClose }: { name: string; onClose: () => void }) {
  // The answer holds a password: no cache keeps it longer than this dialog.
  const reset = useMutation({ mutationFn: () => resetPassword(name), gcTime: 0 });
  if (reset.data !== undefined) {
    return <NewPassword title="New password" made={reset.data} onClose={onClose} />;
  }
  return (
    <Dialog open title={`New password for ${name}`} onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          reset.mutate();
        }}
      >
        <p>
          The present password opens nothing any more, and every session of <strong>{name}</strong> ends at once. Tokens
          go on. This cannot be taken back; the new password is shown once.
        </p>
        <Refusal error={reset.error} />
        <div className="buttons">
          <button type="submit" className="danger" disabled={reset.isPending}>
            {reset.isPending ? "Resetting…" : "Reset password"}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
