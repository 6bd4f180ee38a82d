import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { wordsOf } from "../api/problem.ts";
import { Dialog } from "../design/Dialog.tsx";

interface Props {
  title: string;
  /** What will come of it, and whether it can be taken back. */
  children: ReactNode;
  /** What the button says: the deed itself, never "OK". */
  action: string;
  /** While it is done. */
  doing: string;
  isDestructive?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is done, does it, and stays open with the reason where it was refused. */
export function Confirm({ title, children, action, doing, isDestructive = false, act, onClose }: Props) {
  const deed = useMutation({ mutationFn: act, onSuccess: onClose });
  return (
    <Dialog open title={title} onClose={onClose}>
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
          <button type="button" onClick={onClose}>
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
