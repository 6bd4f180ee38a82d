import type { CaptureState } from "../api.gen.ts";
import { STATE_WORDS } from "../words.ts";
import { type Day, parseDay } from "./day.ts";

/** What the address of the captures' page asks for. */
export interface CapturesSearch {
  /** ALL_DAYS is one; none: today. */
  readonly day?: Day;
  readonly state?: CaptureState;
  /** The capture whose particulars stand beside the table. */
  readonly capture?: string;
}

const ID = /^[0-9a-f-]{36}$/;

/** Reads the address; what makes no sense is left out. */
export function parseCapturesSearch(raw: Record<string, unknown>): CapturesSearch {
  const day = parseDay(raw.day);
  return {
    ...(day !== null && { day }),
    ...(isState(raw.state) && { state: raw.state }),
    ...(typeof raw.capture === "string" && ID.test(raw.capture) && { capture: raw.capture }),
  };
}

function isState(raw: unknown): raw is CaptureState {
  return typeof raw === "string" && Object.hasOwn(STATE_WORDS, raw);
}
