import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  title: string;
  open: boolean;
  /** Absent where only an answer inside closes it. */
  onClose?: () => void;
  /** Neither Escape nor a click beside it closes it. */
  mustAnswer?: boolean;
  wide?: boolean;
  children: ReactNode;
}

/** A window over the page, which holds the focus until it is closed. */
export function Dialog({ title, open, onClose, mustAnswer = false, wide = false, children }: Props) {
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={mustAnswer}
      onOpenChange={(next) => {
        if (!next && !mustAnswer) {
          onClose?.();
        }
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className={wide ? "dialog card wide" : "dialog card"}>
          <div className="dialog-top">
            <Base.Title className="dialog-title">{title}</Base.Title>
            {!mustAnswer && (
              <Base.Close className="icon-button" aria-label="Close">
                <X aria-hidden="true" />
              </Base.Close>
            )}
          </div>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
