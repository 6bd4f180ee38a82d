import type { CaseWords, ImageWords } from "./drafts.ts";

/** A verdict that was given, and what stood there before. */
export type Step =
  | { readonly image: string; readonly before: ImageWords }
  | { readonly image: null; readonly before: CaseWords };

const DEPTH = 100;

/** The steps back, the newest last. */
export function remember(steps: readonly Step[], step: Step): readonly Step[] {
  return [...steps, step].slice(-DEPTH);
}
