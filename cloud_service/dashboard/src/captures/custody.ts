import type { CaptureSummary, CustodyStage, CustodyStep } from "../api.gen.ts";
import { STAGE_WORDS } from "../words.ts";

/** The stages that a capture passes, in their order. */
export const STAGES = Object.keys(STAGE_WORDS) as CustodyStage[];

/** A stage, and when it was passed; null where it was not. */
export interface Stage {
  readonly stage: CustodyStage;
  readonly at: string | null;
}

/** These are stamped by the device, whose clock may be wrong. */
const AT_THE_DEVICE: readonly CustodyStage[] = ["captured", "queued"];

/** The stage that a capture has passed last; null where it has passed none. */
export function latest(custody: readonly CustodyStep[]): CustodyStep | null {
  const inCloud = custody.filter(({ stage }) => !AT_THE_DEVICE.includes(stage));
  const order = (step: CustodyStep) => [Date.parse(step.at), STAGES.indexOf(step.stage)] as const;
  return (
    [...(inCloud.length > 0 ? inCloud : custody)].sort((one, other) => {
      const [[at, place], [otherAt, otherPlace]] = [order(one), order(other)];
      return otherAt - at || otherPlace - place;
    })[0] ?? null
  );
}

/** All stages of a capture's trail; of one that was refused, only those that it has passed, as no other will follow. */
export function trail({ custody, state }: Pick<CaptureSummary, "custody" | "state">): Stage[] {
  const passed = new Map(custody.map(({ stage, at }) => [stage, at]));
  return STAGES.map((stage) => ({ stage, at: passed.get(stage) ?? null })).filter(
    ({ at }) => at !== null || state !== "refused",
  );
}
