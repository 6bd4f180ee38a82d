import type { ComparedModel, Comparison, Confusion, GateCheck, ImpactChange, Measure } from "../api.gen.ts";
import { share } from "../words.ts";

/** A figure with its 95 % interval; without one where it rests on a single group. */
export type Estimate = NonNullable<Comparison["differences"][string]>;

/** How a measure is told: what it is called, whether it is a share, and which way is better. */
interface MeasureWords {
  readonly name: string;
  readonly isShare: boolean;
  readonly isBetterLow: boolean;
}

/** What stands in a comparison, in this order; the API has more. */
export const MEASURES: Partial<Record<Measure, MeasureWords>> = {
  recall_all: aShare("Sensitivity"),
  recall_not_all: aShare("Specificity"),
  balanced_accuracy: aShare("Balanced accuracy"),
  accuracy: aShare("Accuracy"),
  roc_auc: aShare("Area under ROC"),
  brier: { name: "Brier score", isShare: false, isBetterLow: true },
};

function aShare(name: string): MeasureWords {
  return { name, isShare: true, isBetterLow: false };
}

/** A model by its name, with how it did on some images. */
export interface NamedModel {
  readonly name: string;
  readonly on: ComparedModel;
}

/** One measure of two models on the same images, and how much they differ on them. */
export interface PairedMeasure extends MeasureWords {
  readonly challenger: Estimate | null;
  readonly champion: Estimate | null;
  /** Challenger − champion, on the same images drawn again and again. */
  readonly difference: Estimate | null;
}

/** The measures of a comparison, in the order of MEASURES. */
export function pairedMeasures({ challenger, champion, differences }: Comparison): PairedMeasure[] {
  return Object.entries(MEASURES).map(([measure, words]) => ({
    ...words,
    challenger: challenger.figures.measures[measure] ?? null,
    champion: champion?.figures.measures[measure] ?? null,
    difference: differences[measure] ?? null,
  }));
}

export type Told = "better" | "worse" | "cannot be told apart";

/** What a difference tells: better or worse only where its interval leaves no room for none at all. */
export function tells({ low, high }: Estimate, isBetterLow = false): Told {
  if (typeof low !== "number" || typeof high !== "number" || (low <= 0 && high >= 0)) {
    return "cannot be told apart";
  }
  return low > 0 === isBetterLow ? "worse" : "better";
}

/** Checks with what failed first, what could not be looked at next; otherwise as the gate names them. */
export function failedFirst(checks: readonly GateCheck[]): readonly GateCheck[] {
  const rank = ({ passed }: GateCheck) => (passed === false ? 0 : passed === null ? 1 : 2);
  return checks.toSorted((one, other) => rank(one) - rank(other));
}

/** A figure with its 95 % interval: "97.9 % (94.8 % to 100.0 %)", or "0.051 (0.020 to 0.090)". */
export function withInterval(found: Estimate | null, isShare = true): string {
  if (found === null) {
    return "–";
  }
  const words = isShare ? share : (value: number) => value.toFixed(3);
  const { value, low, high } = found;
  return typeof low === "number" && typeof high === "number" ? `${words(value)} (${words(low)} to ${words(high)})` : words(value);
}

/** A difference, of shares in points: "+2.1 points (−0.4 to +4.6)". */
export function asDifference({ value, low, high }: Estimate, isShare = true): string {
  const words = (difference: number) => (isShare ? signed(100 * difference, 1) : signed(difference, 3));
  const unit = isShare ? " points" : "";
  return `${words(value)}${unit}${typeof low === "number" && typeof high === "number" ? ` (${words(low)} to ${words(high)})` : ""}`;
}

function signed(value: number, digits: number): string {
  const words = Math.abs(value).toFixed(digits);
  if (Number(words) === 0) {
    return words;
  }
  return `${value < 0 ? "−" : "+"}${words}`;
}

/** Where a model's threshold lies on its ROC curve: (1 − specificity, sensitivity). */
export function thresholdOf({ hits, misses, alarms, passes }: Confusion): readonly [number, number] {
  const part = (count: number, whole: number) => (whole === 0 ? 0 : count / whole);
  return [part(alarms, alarms + passes), part(hits, hits + misses)];
}

/** How a signed case would be called otherwise, the gravest first; what is grave speaks against the new model. */
export const CHANGES: Record<ImpactChange, { readonly word: string; readonly meaning: string; readonly isGrave: boolean }> = {
  missed: { word: "Would be missed", meaning: "signed as suspicious, and no longer called so", isGrave: true },
  "still-missed": { word: "Missed by both", meaning: "signed as suspicious, and called so by neither", isGrave: true },
  alarm: { word: "New false alarm", meaning: "signed without blast features, and now called suspicious", isGrave: true },
  "still-alarm": { word: "False alarm of both", meaning: "signed without blast features, and called suspicious by both", isGrave: false },
  undecided: { word: "Can no longer say", meaning: "the model in service could, and agreed with the person", isGrave: false },
  found: { word: "Would be found", meaning: "signed as suspicious, and called so now", isGrave: false },
  spared: { word: "False alarm spared", meaning: "signed without blast features, and no longer called suspicious", isGrave: false },
  decided: { word: "Can say now", meaning: "and agrees with the person", isGrave: false },
  other: { word: "Differs", meaning: "the person could not say", isGrave: false },
};
