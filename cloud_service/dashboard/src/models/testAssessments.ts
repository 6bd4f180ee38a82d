import type { ComparedModel, Comparison, GateCheck, ProposalView } from "../api.gen.ts";

export const DIGEST = "a".repeat(64);

export function aCheck(changes: Partial<GateCheck> = {}): GateCheck {
  return { name: "speed", title: "Speed", passed: true, text: "As fast.", advice: null, ...changes };
}

export function aComparedModel(changes: Partial<ComparedModel> = {}): ComparedModel {
  return {
    point: { threshold: 0.5, temperature: 1, fixed_sensitivity: 0.95, fixed_specificity: 0.95 },
    figures: { part: "all", images: 20, images_with_all: 10, groups: 5, measures: { roc_auc: { value: 0.95, low: 0.9, high: 1 } } },
    confusion: { hits: 9, misses: 1, alarms: 1, passes: 9 },
    roc: { false_positive_rate: [0, 0.1, 1], true_positive_rate: [0, 0.9, 1] },
    calibration: {
      expected_error: 0.04,
      bins: [
        { low: 0, high: 0.1, images: 10, mean_probability: 0.05, share_with_all: 0 },
        { low: 0.1, high: 0.9, images: 0, mean_probability: null, share_with_all: null },
        { low: 0.9, high: 1, images: 20, mean_probability: 0.95, share_with_all: 0.9 },
      ],
    },
    ...changes,
  };
}

export function aComparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    challenger: aComparedModel(),
    champion: aComparedModel(),
    groups_with_all: 5,
    differences: {},
    with_all: { both: 7, only_challenger: 2, only_champion: 0, neither: 1 },
    without_all: { both: 8, only_challenger: 1, only_champion: 1, neither: 0 },
    warnings: [],
    ...changes,
  };
}

export function aProposal(changes: Partial<ProposalView> = {}): ProposalView {
  return {
    id: "11111111-1111-4111-8111-111111111111",
    model_digest: DIGEST,
    model_name: "se-cnn",
    model_version: "2026.2",
    scope: "*",
    assessment_id: "22222222-2222-4222-8222-222222222222",
    passed: true,
    champion_digest: null,
    state: "open",
    reason: "Finds more.",
    override_reason: null,
    proposed_by: "a.lang",
    is_own: false,
    proposed_at: "2026-11-25T09:00:00Z",
    decided_by: null,
    decided_at: null,
    decision_reason: null,
    obstacle: null,
    ...changes,
  };
}
