import type { SignKind } from "../../admin/StateSign.tsx";
import { duration, plural } from "../../admin/figures.ts";
import type { EpochRecord, TrainingJobKind, TrainingJobState, TrainingJobSummary, TrainingProgress } from "../../api.gen.ts";
import { share } from "../../words.ts";

interface Sign {
  readonly kind: SignKind;
  readonly word: string;
}

const STATES: Record<TrainingJobState, Sign> = {
  waiting: { kind: "waiting", word: "Waits" },
  running: { kind: "busy", word: "Under way" },
  done: { kind: "good", word: "Done" },
  failed: { kind: "trouble", word: "Failed" },
  cancelled: { kind: "off", word: "Cancelled" },
};

export const KINDS: Record<TrainingJobKind, string> = {
  "check-import": "Check of a data set",
  import: "Import of a data set",
  train: "Training",
  assess: "Assessment of a model",
};

/** What the subject of a job is. */
export const SUBJECTS: Record<TrainingJobKind, string> = { "check-import": "Import", import: "Import", train: "Recipe", assess: "Model" };

/** Where a job stands. */
export function stateInWords({ state, is_cancelling }: Pick<TrainingJobSummary, "state" | "is_cancelling">): Sign {
  return is_cancelling && state === "running" ? { kind: "busy", word: "Being cancelled" } : STATES[state];
}

export function isOver({ state }: Pick<TrainingJobSummary, "state">): boolean {
  return state !== "waiting" && state !== "running";
}

/** What a job is about: "cells 3"; its subject's digits where that is no longer there. */
export function subjectOf({ subject, subject_name }: Pick<TrainingJobSummary, "subject" | "subject_name">): string {
  return subject_name ?? subject.slice(0, 12);
}

/** Behind the last epoch the model is still measured and packed, so a training that goes on is never said to be whole. */
const NOT_WHOLE = 0.99;

/**
 * How much of a job is done, 0 to 1: of all epochs where it has any, else of the phase; null where nobody can say, as
 * before the first epoch.
 */
export function shareDone({ done = null, total = null, epoch = null, epochs = null }: TrainingProgress): number | null {
  const ofPhase = done === null || total === null || total === 0 ? null : Math.min(done / total, 1);
  if (epochs === null || epochs === 0) {
    return ofPhase;
  }
  // An epoch that counts nothing has ended.
  return epoch === null ? null : Math.min((epoch - 1 + (ofPhase ?? 1)) / epochs, NOT_WHOLE);
}

/** "Training, epoch 3 of 30, 12 of 40". */
export function progressInWords({ phase, done = null, total = null, epoch = null, epochs = null }: TrainingProgress): string {
  const parts = [
    phase,
    epoch !== null && (epochs === null ? `epoch ${String(epoch)}` : `epoch ${String(epoch)} of ${String(epochs)}`),
    done !== null && (total === null ? done.toLocaleString("en") : `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`),
  ];
  return parts.filter((part) => part !== false).join(", ");
}

/** None where all that was foreseen is over: nobody knows how long what follows takes. */
export function timeLeft({ seconds_left = null }: TrainingProgress): string | null {
  return seconds_left === null || seconds_left === 0 ? null : `about ${duration(Math.max(seconds_left, 1))} left`;
}

/** How long a job took, or has taken by now; null where no worker has begun with it. */
export function tookSeconds({ started_at, ended_at }: TrainingJobSummary, now: Date): number | null {
  if (started_at === null) {
    return null;
  }
  // The clocks here and there may differ, and `now` may be older than the job's beginning.
  return Math.max(0, (ended_at === null ? now.getTime() : Date.parse(ended_at)) - Date.parse(started_at)) / 1000;
}

/** A loss as people compare them: three digits behind the point. */
export function loss(value: number): string {
  return value.toFixed(3);
}

const METRICS: Readonly<Record<string, string>> = {
  training_loss: "Training loss",
  validation_loss: "Validation loss",
  validation_accuracy: "Validation accuracy",
  learning_rate: "Learning rate",
};

/** The figures of the moment, by name. */
export function figuresNow(progress: TrainingProgress): [name: string, value: string][] {
  const { loss: newest = null, images_per_second = null, metrics = {} } = progress;
  return [
    ...(newest === null ? [] : [["Loss now", loss(newest)] as [string, string]]),
    ...Object.entries(metrics).map(([name, value]): [string, string] => [
      METRICS[name] ?? inPlain(name),
      inWords(name, value),
    ]),
    ...(images_per_second === null ? [] : [["Speed", `${images_per_second.toFixed(0)} images/s`] as [string, string]]),
  ];
}

/** The epoch with the lowest validation loss; the first one of equals. */
export function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord | null {
  return epochs.reduce<EpochRecord | null>((best, one) => (best === null || one.validation_loss < best.validation_loss ? one : best), null);
}

/** What the curves show, for those who do not see them. */
export function curvesInWords(epochs: readonly EpochRecord[]): string {
  const last = epochs.at(-1);
  const best = bestEpoch(epochs);
  if (last === undefined || best === null) {
    return "The first epoch has not ended yet.";
  }
  return (
    `${plural(epochs.length, "epoch")}: the last had a validation loss of ${loss(last.validation_loss)} and an accuracy of ` +
    `${share(last.validation_accuracy)}; the lowest validation loss was ${loss(best.validation_loss)}, in epoch ${String(best.epoch)}.`
  );
}

function inWords(name: string, value: number): string {
  if (name.endsWith("loss")) {
    return loss(value);
  }
  return name.endsWith("accuracy") ? share(value) : String(Number(value.toPrecision(3)));
}

function inPlain(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
