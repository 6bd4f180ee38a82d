import { useMutation } from "@tanstack/react-query";

import { DialogForm } from "../DialogForm.tsx";
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
    <DialogForm
      title={`New password for ${name}`}
      action="Reset password"
      doing="Resetting…"
      isDestructive
      deed={reset}
      onClose={onClose}
    >
      <p>
        The present password opens nothing any more, and every session of <strong>{name}</strong> ends at once. Tokens
        go on. This cannot be taken back; the new password is shown once.
      </p>
    </DialogForm>
  );
}
