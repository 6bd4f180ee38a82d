import {
  CircleHelp,
  CirclePause,
  ClipboardCheck,
  ClipboardPen,
  FileClock,
  Hourglass,
  type LucideIcon,
  ScanSearch,
  TriangleAlert,
  UserRoundPen,
} from "lucide-react";

import type { CaseAnswer, CaseState } from "../api.gen.ts";

/** What stands beside an answer, so that colour is never the only difference; `none` before there is one. */
export const ANSWER_SIGNS: Record<CaseAnswer | "none", { icon: LucideIcon; word: string }> = {
  suspicious: { icon: TriangleAlert, word: "Suspicious" },
  no_blast_features: { icon: ScanSearch, word: "No blast features seen" },
  cannot_say: { icon: CircleHelp, word: "The model cannot say" },
  none: { icon: Hourglass, word: "No answer yet" },
};

export const CASE_STATES: Record<CaseState, { icon: LucideIcon; word: string; meaning: string }> = {
  open: { icon: FileClock, word: "Waiting", meaning: "answers of the model are still to come" },
  preliminary: { icon: CirclePause, word: "Preliminary", meaning: "the model has answered; nobody holds the case" },
  claimed: { icon: UserRoundPen, word: "Claimed", meaning: "a clinician is reading it" },
  signed: { icon: ClipboardCheck, word: "Signed", meaning: "a diagnosis stands" },
  amended: { icon: ClipboardPen, word: "Amended", meaning: "another diagnosis has taken the place of the first" },
};
