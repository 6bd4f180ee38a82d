import type { CaptureSummary, CaseDetail, CaseSummary, PersonVerdict, ReadingView } from "../api.gen.ts";
import { type CaseWords, type Draft, type ImageWords, NOTHING_FOUND, NOTHING_SAID } from "./drafts.ts";

/** For how long a holder keeps a case without touching it, as the server counts it. */
const UNTOUCHED_MS = 12 * 3600 * 1000;

/** The read that somebody works at: the last one, if it is his and unsigned. Who takes a case over begins anew. */
export function readingAtWork({ readings }: CaseDetail, user: string): ReadingView | null {
  const last = readings.at(-1);
  return last?.reader === user && last.signed_at === null ? last : null;
}

/** What the reader says of the case: his draft, below it what the server has, and below that what he amends. */
export function caseWords(detail: CaseDetail, user: string, draft: Draft): CaseWords {
  if (draft.reading !== null) {
    return draft.reading;
  }
  const own = readingAtWork(detail, user);
  const former = signedReadings(detail).at(-1);
  if (own !== null && (own.verdict !== null || own.reason !== null || own.conclusion !== null || former === undefined)) {
    return { verdict: own.verdict, reason: own.reason, conclusion: own.conclusion };
  }
  // The reason belongs to the former diagnosis: an amendment has one of its own.
  return former === undefined ? NOTHING_SAID : { verdict: former.verdict, reason: null, conclusion: former.conclusion };
}

/** What the reader says of an image: his draft, below it what the server has, and below that what was signed. */
export function imageWords(detail: CaseDetail, user: string, draft: Draft, image: string): ImageWords {
  const drafted = draft.findings[image];
  if (drafted !== undefined) {
    return drafted;
  }
  const own = readingAtWork(detail, user);
  const said = [...signedReadings(detail), ...(own === null ? [] : [own])]
    .flatMap(({ findings }) => findings)
    .findLast(({ capture_id, verdict }) => capture_id === image && verdict !== null);
  return said === undefined ? NOTHING_FOUND : { verdict: said.verdict, reason: said.reason };
}

/** What stands signed, once a diagnosis does. Before, a second reader begins without the first one's words. */
function signedReadings({ readings, signed_at }: CaseDetail): readonly ReadingView[] {
  return signed_at === null ? [] : readings.filter((reading) => reading.signed_at !== null);
}

/** Whether a verdict on an image says something else than the model does, where the model's answer counts. */
export function differsOnImage(verdict: PersonVerdict | null, { prediction }: CaptureSummary): boolean {
  return verdict !== null && prediction !== null && prediction.doubts.length === 0 && verdict !== prediction.label;
}

/** Whether a verdict on the case contradicts the model's answers together; where they cannot say, nothing does. */
export function differsOnCase(verdict: PersonVerdict | null, { answer }: CaseSummary): boolean {
  return verdict !== null && answer !== null && answer !== "cannot_say" && verdict !== answer;
}

/** The image to go on with after a verdict: the next one without, from the top again behind the last; null: none. */
export function nextUnjudged(ids: readonly string[], current: string, verdictOf: (id: string) => PersonVerdict | null): string | null {
  const place = ids.indexOf(current);
  const order = [...ids.slice(place + 1), ...ids.slice(0, Math.max(place, 0))];
  return order.find((id) => verdictOf(id) === null) ?? null;
}

/** The image `step` places further; stays at either end. */
export function neighbour(ids: readonly string[], current: string | null, step: number): string | null {
  const place = current === null ? -1 : ids.indexOf(current);
  return ids[Math.min(Math.max(place + step, 0), ids.length - 1)] ?? null;
}

/** Whether somebody may let go of a case; of another's one the server decides, which knows when that was touched last. */
export function mayRelease({ held_by, held_since }: CaseSummary, user: string, now: Date): boolean {
  return held_by === user || (held_since !== null && now.getTime() - Date.parse(held_since) > UNTOUCHED_MS);
}

/** Why somebody may not judge a case at present; null: he may. */
export function whyNotMine(detail: CaseDetail, user: string, mayRead: boolean): string | null {
  if (!mayRead) {
    return "Only clinicians judge cases; you may look at all of it.";
  }
  if (detail.held_by !== null && detail.held_by !== user) {
    return `${detail.held_by} is reading this case. You may look at all of it and comment.`;
  }
  if (detail.second_read && detail.readings.findLast(({ signed_at }) => signed_at !== null)?.reader === user) {
    return "You have signed the first reading, which differs from the model’s answer. Another clinician gives the second.";
  }
  if (detail.signed_at !== null && detail.held_by === null) {
    return "A diagnosis is signed, and nothing of it can be changed any more. Another one can take its place: amend it.";
  }
  return null;
}
