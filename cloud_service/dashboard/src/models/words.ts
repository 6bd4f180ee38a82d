import type { ActivationKind, Label, ModelState } from "../api.gen.ts";
import type { SignKind } from "../admin/StateSign.tsx";

/** The scope of a model that answers for all sites that have none of their own. */
export const EVERYWHERE = "*";

interface StateWords {
  readonly kind: SignKind;
  readonly word: string;
  readonly meaning: string;
}

export const MODEL_STATES: Record<ModelState, StateWords> = {
  candidate: { kind: "plain", word: "Candidate", meaning: "not in service yet" },
  shadow: { kind: "waiting", word: "In the shadow", meaning: "answers beside the model in service; no case shows it" },
  active: { kind: "good", word: "In service", meaning: "its answers stand on the cases" },
  retired: { kind: "off", word: "Retired", meaning: "was in service" },
  rejected: { kind: "trouble", word: "Rejected", meaning: "comes into service no more" },
};

export const ACTIVATIONS: Record<ActivationKind, string> = {
  initial: "Began with it",
  promotion: "Promoted",
  rollback: "Rolled back to",
};

export const LABELS: Record<Label, string> = {
  suspicious: "Suspicious: blast features seen",
  no_blast_features: "No blast features seen",
};

/** Where a model answers, in a table: "All sites", "north". */
export function scopeName(scope: string): string {
  return scope === EVERYWHERE ? "All sites" : scope;
}

/** The same within a sentence. */
export function inScope(scope: string): string {
  return scope === EVERYWHERE ? "at all sites that have no model of their own" : `at site ${scope}`;
}

/** A digest is 64 digits; twelve tell versions apart on screen. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

export function nameOfModel({ name, version }: { name: string; version: string }): string {
  return `${name} ${version}`;
}
