import {
  CircleCheckBig,
  CircleHelp,
  CircleX,
  Hourglass,
  LayoutList,
  type LucideIcon,
  ScanSearch,
  TriangleAlert,
  UsersRound,
} from "lucide-react";

import type { CaseCounts, Holder, Sort } from "../api.gen.ts";
import type { Tab } from "./search.ts";

export const TAB_WORDS: Record<Tab, { icon: LucideIcon; word: string; meaning: string; empty: string }> = {
  critical: {
    icon: TriangleAlert,
    word: "Critical",
    meaning: "suspicious and not signed yet",
    empty: "No suspicious case waits for a signature.",
  },
  review: {
    icon: UsersRound,
    word: "Review",
    meaning: "a second read is asked for, or images came or were analysed after the signature",
    empty: "No case waits for a second read.",
  },
  routine: {
    icon: ScanSearch,
    word: "Routine",
    meaning: "no blast features seen, not signed yet",
    empty: "No routine case waits for a signature.",
  },
  cannot_say: {
    icon: CircleHelp,
    word: "Cannot say",
    meaning: "the model cannot say, not signed yet",
    empty: "There is no case on which the model cannot say.",
  },
  failed: {
    icon: CircleX,
    word: "Failed",
    meaning: "the analysis of an image failed",
    empty: "No analysis of an image has failed.",
  },
  waiting: {
    icon: Hourglass,
    word: "Waiting",
    meaning: "no answer yet",
    empty: "No case waits for the model’s answer.",
  },
  done: {
    icon: CircleCheckBig,
    word: "Done",
    meaning: "signed, and nothing has changed since",
    empty: "No case is signed yet.",
  },
  all: { icon: LayoutList, word: "All", meaning: "every case", empty: "Cases appear here by themselves as soon as a microscope workstation sends images." },
};

export const HOLDER_WORDS: Record<Holder, string> = {
  mine_or_unclaimed: "Mine and unclaimed",
  mine: "Mine",
  unclaimed: "Unclaimed",
  all: "Anybody or nobody",
};

export const SORT_WORDS: Record<Sort, string> = {
  worklist: "Most suspicious first",
  newest: "Newest image first",
  oldest: "Oldest image first",
};

/** How many cases a tab holds. */
export function countOf(counts: CaseCounts, tab: Tab): number {
  if (tab !== "all") {
    return counts[tab];
  }
  const { critical, review, routine, cannot_say, waiting, done } = counts; // the failed ones stand in a queue as well
  return critical + review + routine + cannot_say + waiting + done;
}
