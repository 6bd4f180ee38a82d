import type { ReactNode } from "react";

import { wordsOf } from "../api/problem.ts";
import { Dialog } from "../design/Dialog.tsx";

/** What a form does, as `useMutation` tells it. */
export interface Deed {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly mutate: () => void;
  /** To close the form ends it, as it ends a file that is being sent. */
  readonly endsWithForm?: boolean;
}

interface Props {
  title: string;
  children: ReactNode;
  /** What the button says: the deed itself, never "OK". */
  action: string;
  /** While it is done. */
  doing: string;
  isDestructive?: boolean;
  deed: Deed;
  onClose: () => void;
}

/**
 * A form in a window of its own, which stays open with the reason where its deed was refused. While the deed is done it
 * cannot be closed: that would not end it, and a secret that comes of it would never be shown.
 */
export function DialogForm({ title, children, action, doing, isDestructive = false, deed, onClose }: Props) {
  const isHeld = deed.isPending && deed.endsWithForm !== true;
  return (
    <Dialog open title={title} mustAnswer={isHeld} onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          deed.mutate();
        }}
      >
        {children}
        <Refusal error={deed.error} />
        <div className="buttons">
          <button type="submit" className={isDestructive ? "danger" : "primary"} disabled={deed.isPending}>
            {deed.isPending ? doing : action}
          </button>
          <button type="button" disabled={isHeld} onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why something was not done, at the place where it was asked for. */
export function Refusal({ error }: { error: unknown }) {
  return error === null ? null : (
    <p role="alert" className="fault">
      {wordsOf(error)}
    </p>
  );
}
