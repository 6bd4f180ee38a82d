import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { DialogForm } from "./DialogForm.tsx";

interface Props {
  title: string;
  /** What will come of it, and whether it can be taken back. */
  children: ReactNode;
  action: string;
  doing: string;
  isDestructive?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is done, and does it. */
export function Confirm({ act, ...form }: Props) {
  const deed = useMutation({ mutationFn: act, onSuccess: form.onClose });
  return <DialogForm {...form} deed={deed} />;
}
