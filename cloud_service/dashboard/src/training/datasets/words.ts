import { GraduationCap, Lock, type LucideIcon } from "lucide-react";

import type { SignKind } from "../../admin/StateSign.tsx";
import type { CandidateFate, DatasetImportState, DatasetPurpose, DatasetSource } from "../../api.gen.ts";

interface Sign {
  readonly kind: SignKind;
  readonly word: string;
}

export const PURPOSES: Record<DatasetPurpose, { icon: LucideIcon; word: string; meaning: string }> = {
  training: { icon: GraduationCap, word: "For training", meaning: "Networks are trained on it, and validated on a part of it." },
  "locked-test": {
    icon: Lock,
    word: "Locked test set",
    meaning: "Models are measured on it before they come into service. Nothing is ever trained on it.",
  },
};

export const SOURCES: Record<DatasetSource, string> = {
  archive: "an archive",
  folder: "a folder of the server",
  "signed-cases": "signed cases",
};

export const IMPORT_STATES: Record<DatasetImportState, Sign> = {
  waiting: { kind: "busy", word: "Being checked" },
  checked: { kind: "waiting", word: "Checked: waits for your decision" },
  importing: { kind: "busy", word: "Being imported" },
  imported: { kind: "good", word: "Imported" },
  refused: { kind: "trouble", word: "Refused" },
  dropped: { kind: "off", word: "Dropped" },
};

export const FATES: Record<CandidateFate, Sign> = {
  waiting: { kind: "waiting", word: "Waits for the next data set" },
  used: { kind: "good", word: "Used" },
  excluded: { kind: "off", word: "Not used" },
};

/** A data set's version: "cells, version 3". */
export function versionInWords({ name, number }: { name: string; number: number }): string {
  return `${name}, version ${String(number)}`;
}
