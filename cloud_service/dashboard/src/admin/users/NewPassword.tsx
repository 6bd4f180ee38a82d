import type { UserWithPassword } from "../../api.gen.ts";
import { Dialog } from "../../design/Dialog.tsx";
import { Secret } from "../Secret.tsx";

interface Props {
  title: string;
  made: UserWithPassword;
  onClose: () => void;
}

/** Shows the password that was made for a user; only its own button closes it, since it is shown this once. */
export function NewPassword({ title, made: { user, password }, onClose }: Props) {
  return (
    <Dialog open title={title} mustAnswer onClose={onClose}>
      <div className="dialog-form">
        {password === null ? (
          <p>
            <strong>{user.name}</strong> comes by token: make one under “Tokens” of its row.
          </p>
        ) : (
          <>
            <p>
              <strong>{user.name}</strong> logs in with this password, and can change it in the menu behind the name at the top.
            </p>
            <Secret name="Password" secret={password} />
          </>
        )}
        <div className="buttons">
          <button type="button" className="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
