import type { ActivationView, ModelSummary } from "../api.gen.ts";
import { EVERYWHERE } from "./words.ts";

/** One stretch of a scope's time in which one model answered, as shares of the whole picture's width. */
export interface Stretch {
  readonly activation: ActivationView;
  readonly from: number;
  readonly width: number;
  /** Neighbours look different, whichever models they are. */
  readonly isOdd: boolean;
}

/** The time of one scope. */
export interface Lane {
  readonly scope: string;
  readonly stretches: readonly Stretch[];
}

export interface Picture {
  readonly from: string;
  readonly lanes: readonly Lane[];
}

/** A timeline as lanes, one a scope, that of all sites first; null where nothing was in service yet. */
export function pictureOf(timeline: readonly ActivationView[], now: Date): Picture | null {
  const lasting = timeline.filter(({ from_at, until_at }) => from_at !== until_at);
  const starts = lasting.map(({ from_at }) => from_at).sort((one, other) => Date.parse(one) - Date.parse(other));
  const [from] = starts;
  if (from === undefined) {
    return null;
  }
  const first = Date.parse(from);
  // A moment at least: what began just now would fill no width at all.
  const whole = Math.max(now.getTime() - first, 1);
  const at = (moment: string | null) => (moment === null ? 1 : Math.min(1, Math.max(0, (Date.parse(moment) - first) / whole)));
  const lanes = scopesOf(lasting).map((scope) => ({
    scope,
    stretches: ofScope(lasting, scope).map((activation, index) => ({
      activation,
      from: at(activation.from_at),
      width: at(activation.until_at) - at(activation.from_at),
      isOdd: index % 2 === 1,
    })),
  }));
  return { from, lanes };
}

/** What is in service now, that of all sites first. */
export function inService(timeline: readonly ActivationView[]): ActivationView[] {
  return timeline.filter(({ until_at }) => until_at === null).sort((one, other) => byScope(one.scope, other.scope));
}

/**
 * The model that a rollback goes to, as the service finds it: promotions are laid on a pile, going back takes the top away.
 * "everywhere" where a site gives up its own model; null where nothing was before.
 */
export function modelBefore(
  timeline: readonly ActivationView[],
  scope: string,
  models: readonly ModelSummary[],
): ActivationView | "everywhere" | null {
  const pile: ActivationView[] = [];
  for (const activation of ofScope(timeline, scope)) {
    if (activation.until_at === activation.from_at) {
      // The site went back to the model of all sites: nothing of its own lies below.
      pile.length = 0;
      continue;
    }
    if (activation.kind === "rollback") {
      while (pile.length > 0 && pile.at(-1)?.model_digest !== activation.model_digest) {
        pile.pop();
      }
    }
    if (pile.at(-1)?.model_digest !== activation.model_digest) {
      pile.push(activation);
    }
  }
  const rejected = new Set(models.filter(({ state }) => state === "rejected").map(({ digest }) => digest));
  const before = pile.slice(0, -1).findLast(({ model_digest }) => !rejected.has(model_digest));
  if (before !== undefined) {
    return before;
  }
  const hasOther = scope !== EVERYWHERE && timeline.some((one) => one.scope === EVERYWHERE && one.until_at === null);
  return hasOther ? "everywhere" : null;
}

function scopesOf(timeline: readonly ActivationView[]): string[] {
  return [...new Set(timeline.map(({ scope }) => scope))].sort(byScope);
}

function byScope(one: string, other: string): number {
  if (one === EVERYWHERE || other === EVERYWHERE) {
    return one === other ? 0 : one === EVERYWHERE ? -1 : 1;
  }
  return one.localeCompare(other);
}

/** The oldest first; of two that began at once, the one that ended. */
function ofScope(timeline: readonly ActivationView[], scope: string): ActivationView[] {
  return timeline
    .filter((activation) => activation.scope === scope)
    .sort(
      (one, other) =>
        Date.parse(one.from_at) - Date.parse(other.from_at) || Number(one.until_at === null) - Number(other.until_at === null),
    );
}
