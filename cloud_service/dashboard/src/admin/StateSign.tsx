import { CircleAlert, CircleCheck, CircleDashed, CirclePause, CircleSlash, Info, LoaderCircle, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

export type SignKind = "good" | "busy" | "waiting" | "paused" | "trouble" | "off" | "plain";

const SIGNS: Record<SignKind, LucideIcon> = {
  good: CircleCheck,
  busy: LoaderCircle,
  waiting: CircleDashed,
  paused: CirclePause,
  trouble: CircleAlert,
  off: CircleSlash,
  plain: Info,
};

interface Props {
  kind: SignKind;
  words: string;
  children?: ReactNode;
}

/** A state in words with a sign of its own, so that colour is never the only difference. */
export function StateSign({ kind, words, children }: Props) {
  const Sign = SIGNS[kind];
  return (
    <span className={`state-sign ${kind}`}>
      <Sign aria-hidden="true" />
      <span>
        {words}
        {children}
      </span>
    </span>
  );
}
