import type { CaptureState, CustodyStage, Verdict } from "./api.gen.ts";

/** What a state is called, with a sign, so that colour is never the only difference. */
export const STATE_WORDS: Record<CaptureState, { sign: string; word: string; meaning: string }> = {
  announced: { sign: "↑", word: "Arriving", meaning: "announced by the device; its bytes are on the way" },
  stored: { sign: "…", word: "Waiting", meaning: "stored; waiting for analysis" },
  analysed: { sign: "✓", word: "Analysed", meaning: "the model has answered" },
  failed: { sign: "!", word: "Failed", meaning: "the analysis gave up; a person decides" },
  refused: { sign: "×", word: "Refused", meaning: "never stored, for the reason given" },
};

export const QUALITY_WORDS: Record<Verdict, { sign: string; word: string }> = {
  good: { sign: "●", word: "Good" },
  doubtful: { sign: "◐", word: "Doubtful" },
  unusable: { sign: "○", word: "Unusable" },
};

export const STAGE_WORDS: Record<CustodyStage, string> = {
  captured: "Captured at the microscope",
  queued: "Safe in the device's outbox",
  received: "Received and verified",
  analysed: "Analysed by the model",
  reviewed: "Reviewed by a person",
  signed: "Diagnosis signed",
  delivered: "Result delivered to the device",
  acknowledged: "Result shown at the device",
};

/** A pseudonym is 32 digits; eight tell cases apart on screen. */
export function shortCase(pseudonym: string): string {
  return pseudonym.slice(0, 8);
}

export function percent(probability: number): string {
  // 99.97 % is not certainty and 0.01 % is not nothing, so neither is rounded away.
  if (probability > 0.995 && probability < 1) {
    return "> 99 %";
  }
  if (probability < 0.005 && probability > 0) {
    return "< 1 %";
  }
  return `${(100 * probability).toFixed(0)} %`;
}

/** A share with one digit behind the point: "97.9 %". */
export function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The time of day, with the date where it was not today. */
export function shortTime(moment: string, today: Date = new Date()): string {
  const date = new Date(moment);
  return (date.toDateString() === today.toDateString() ? TIME : DAY_AND_TIME).format(date);
}

/** Hours and minutes, with the date where it was not today: for places that are narrow. */
export function clockTime(moment: string, today: Date = new Date()): string {
  const date = new Date(moment);
  return (date.toDateString() === today.toDateString() ? CLOCK : DAY_AND_CLOCK).format(date);
}

export function fullTime(moment: string): string {
  return DAY_AND_TIME.format(new Date(moment));
}

export function bytes(count: number): string {
  if (count < 1000) {
    return `${String(count)} bytes`;
  }
  return count < 1e6 ? `${(count / 1e3).toFixed(0)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
