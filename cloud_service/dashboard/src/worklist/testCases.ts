import type { CasePage, CaseSummary } from "../api.gen.ts";

/** A case of which the model says that it is suspicious, opened so many minutes into the hour; for tests. */
export function aCase(minute: number, changes: Partial<CaseSummary> = {}): CaseSummary {
  const opened = `2026-11-22T09:${String(minute).padStart(2, "0")}:00Z`;
  return {
    id: `00000000-0000-7000-8000-${String(minute).padStart(12, "0")}`,
    site: "north",
    device: "scope-1",
    pseudonym: String(minute).padStart(8, "0").padEnd(32, "a"),
    smear: `smear ${String(minute)}`,
    state: "preliminary",
    queue: "critical",
    version: 1,
    answer: "suspicious",
    wording: "Suspicious: blast features seen in 1 of 3 images",
    reasons: ["The model saw blast features in 1 image, and nothing speaks against that."],
    probability: 0.93,
    place: 0.07,
    images: 3,
    analysed_images: 3,
    suspicious_images: 1,
    doubted_images: 0,
    failed_images: 0,
    quality: "good",
    thumbnails: [],
    opened_at: opened,
    latest_at: opened,
    held_by: null,
    held_since: null,
    second_read: false,
    signed_by: null,
    signed_at: null,
    images_since_signature: 0,
    ...changes,
  };
}

export function aCasePage(cases: CaseSummary[], position: number, next: string | null = null): CasePage {
  return { cases, next, position };
}
