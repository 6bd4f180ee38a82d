import type { CandidateFate } from "../../api.gen.ts";

/** What the address of the signed images asks for. */
export interface CandidatesSearch {
  readonly fate?: CandidateFate;
}

/** Reads the address; what makes no sense is left out. */
export function parseCandidatesSearch({ fate }: Record<string, unknown>): CandidatesSearch {
  return fate === "waiting" || fate === "used" || fate === "excluded" ? { fate } : {};
}
