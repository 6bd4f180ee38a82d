import type { EpochRecord, TrainingJobSummary, TrainingProgress } from "../api.gen.ts";

/** A job for tests: a training that waits. */
export function aJob(changes: Partial<TrainingJobSummary> = {}): TrainingJobSummary {
  return {
    id: "00000000-0000-4000-8000-000000000001",
    kind: "train",
    subject: "00000000-0000-4000-8000-000000000002",
    subject_name: "cells 3",
    state: "waiting",
    attempts: 0,
    worker: null,
    is_cancelling: false,
    progress: null,
    reason: null,
    not_before: "2026-11-22T09:00:00Z",
    created_by: "admin",
    created_at: "2026-11-22T09:00:00Z",
    started_at: null,
    ended_at: null,
    ...changes,
  };
}

/** How far a job is, where nothing is known but its phase. */
export function someProgress(changes: Partial<TrainingProgress> = {}): TrainingProgress {
  return {
    phase: "Training",
    done: null,
    total: null,
    epoch: null,
    epochs: null,
    loss: null,
    metrics: {},
    images_per_second: null,
    seconds_left: null,
    ...changes,
  };
}

/** An epoch with this validation loss. */
export function anEpoch(epoch: number, validationLoss: number): EpochRecord {
  return {
    epoch,
    training_loss: 0.5,
    validation_loss: validationLoss,
    validation_accuracy: 0.8,
    learning_rate: 0.001,
    images_per_second: 60,
    seconds: 10,
  };
}
