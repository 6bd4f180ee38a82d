import type { ActivationKind, ActivationView, ModelSummary } from "../api.gen.ts";

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
    registered_at: at(0),
    last_used_at: null,
    answers: 0,
    ...changes,
  };
}

/** A full hour of a day. */
export function at(hour: number): string {
  return `2026-11-25T${String(hour).padStart(2, "0")}:00:00Z`;
}

/** Activations of one scope, one an hour, the newest first as the API tells them. */
export function history(scope: string, ...steps: [version: string, kind: ActivationKind][]): ActivationView[] {
  return steps
    .map(([version, kind], index): ActivationView => ({
      id: `${scope}-${String(index)}`,
      scope,
      model_digest: version.repeat(64),
      model_name: "se-cnn",
      model_version: version,
      kind,
      from_at: at(index),
      until_at: index === steps.length - 1 ? null : at(index + 1),
      by: "a.lang",
      approved_by: null,
      reason: "",
      proposal_id: null,
    }))
    .toReversed();
}
