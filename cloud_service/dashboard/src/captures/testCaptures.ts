import type { CapturePage, CaptureSummary } from "../api.gen.ts";

/** A capture announced `second` seconds into the minute, for tests. */
export function aCapture(second: number, changes: Partial<CaptureSummary> = {}): CaptureSummary {
  const announced = `2026-11-22T09:00:${String(second).padStart(2, "0")}Z`;
  return {
    id: `00000000-0000-7000-8000-${String(second).padStart(12, "0")}`,
    site: "north",
    device: "scope-1",
    case: "0123456789abcdef0123456789abcdef",
    smear: `smear ${String(second)}`,
    stain: null,
    state: "announced",
    reason: null,
    media_type: "image/jpeg",
    width: 640,
    height: 480,
    micrometres_per_pixel: null,
    quality_verdict: "good",
    quality_reasons: [],
    captured_at: announced,
    announced_at: announced,
    received_at: null,
    prediction: null,
    custody: [],
    ...changes,
  };
}

export function anAnalysed(second: number, probability: number, doubts: string[] = []): CaptureSummary {
  const suspicious = probability >= 0.5;
  return aCapture(second, {
    state: "analysed",
    prediction: {
      label: suspicious ? "suspicious" : "no_blast_features",
      wording: suspicious ? "Suspicious: blast features seen" : "No blast features seen",
      probability,
      doubts,
      model_name: "se-cnn",
      model_version: "demo-1",
      model_digest: "d".repeat(64),
      created_at: "2026-11-22T09:01:00Z",
    },
  });
}

export function aPage(captures: CaptureSummary[], position: number, more = false): CapturePage {
  return { captures, more, position };
}
