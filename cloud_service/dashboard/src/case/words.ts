import { CircleHelp, CircleSlash, ImageOff, type LucideIcon, TriangleAlert } from "lucide-react";

import type { PersonVerdict } from "../api.gen.ts";

/** A verdict as people read it, with its sign and its key. */
export interface VerdictWords {
  readonly word: string;
  readonly meaning: string;
  readonly icon: LucideIcon;
  readonly key: string;
}

export const VERDICTS: Record<PersonVerdict, VerdictWords> = {
  suspicious: { word: "Suspicious", meaning: "Blast features seen", icon: TriangleAlert, key: "1" },
  no_blast_features: { word: "No blast features seen", meaning: "None seen; says nothing about health", icon: CircleSlash, key: "2" },
  cannot_say: { word: "Cannot say", meaning: "Looked at, undecided", icon: CircleHelp, key: "3" },
  not_evaluable: { word: "Not evaluable", meaning: "Left out of the case’s verdict", icon: ImageOff, key: "4" },
};

export const IMAGE_VERDICTS: readonly PersonVerdict[] = ["suspicious", "no_blast_features", "cannot_say", "not_evaluable"];
/** `not_evaluable` is said of images alone. */
export const CASE_VERDICTS: readonly PersonVerdict[] = ["suspicious", "no_blast_features", "cannot_say"];

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** The time of day: "10:32". */
export function clock(moment: Date): string {
  return CLOCK.format(moment);
}
