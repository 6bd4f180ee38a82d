import type { ModelSummary } from "../api.gen.ts";

/** A version of a model for tests: a candidate that has answered nothing. */
export function aModel(changes: Partial<ModelSummary> = {}): ModelSummary {
  const { version = "a" } = changes;
  return {
    digest: version.repeat(64),
    name: "se-cnn",
    version,
    state: "candidate",
    active_in: [],
    is_kept: true,
    training_job_id: null,
    registered_by: "a.lang",
    registered_at: "2026-11-25T00:00:00Z",
    last_used_at: null,
    answers: 0,
    ...changes,
  };
}
