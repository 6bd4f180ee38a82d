import { expect, test } from "vitest";

import type { CaptureSummary, CaseDetail, PersonVerdict, ReadingView } from "../api.gen.ts";
import { levelsOf } from "./deepZoom.ts";
import { EMPTY_DRAFT } from "./drafts.ts";
import { neighboursIn } from "./neighbours.ts";
import { caseWords, differsOnCase, differsOnImage, imageWords, neighbour, nextUnjudged, whyNotMine } from "./review.ts";
import { remember, type Step } from "./undo.ts";

const IDS = ["a", "b", "c", "d"];

function aReading(changes: Partial<ReadingView>): ReadingView {
  const findings = [{ capture_id: "a", opened_at: null, verdict: "suspicious" as const, reason: null, saved_at: "" }];
  const empty = { id: "1", number: 1, verdict: null, reason: null, conclusion: null, saved_at: "", signed_at: null };
  return { ...empty, reader: "me", findings, ...changes };
}

function aCase(changes: Partial<CaseDetail>): CaseDetail {
  const none = { readings: [], held_by: null, signed_at: null, second_read: false };
  return { ...none, answer: "suspicious", ...changes } as unknown as CaseDetail;
}

test("a verdict leads on to the next image without one, from the top again behind the last", () => {
  const judged = new Map<string, PersonVerdict>([["c", "suspicious"]]);
  const verdictOf = (id: string) => judged.get(id) ?? null;
  expect(nextUnjudged(IDS, "b", verdictOf)).toBe("d");
  expect(nextUnjudged(IDS, "d", verdictOf)).toBe("a");
  expect(nextUnjudged(IDS, "a", () => "cannot_say")).toBeNull();
});

test("next and previous stop at either end", () => {
  expect(neighbour(IDS, "a", 1)).toBe("b");
  expect(neighbour(IDS, "a", -1)).toBe("a");
  expect(neighbour(IDS, "d", 1)).toBe("d");
  expect(neighbour([], null, 1)).toBeNull();
});

test("a person differs only from an answer that counts", () => {
  const image = (label: string, doubts: string[]) => ({ prediction: { label, doubts } }) as unknown as CaptureSummary;
  expect(differsOnImage("no_blast_features", image("suspicious", []))).toBe(true);
  expect(differsOnImage("suspicious", image("suspicious", []))).toBe(false);
  expect(differsOnImage("no_blast_features", image("suspicious", ["unlike"]))).toBe(false);
  expect(differsOnImage(null, image("suspicious", []))).toBe(false);
  expect(differsOnCase("suspicious", aCase({ answer: "cannot_say" }))).toBe(false);
  expect(differsOnCase("cannot_say", aCase({ answer: "suspicious" }))).toBe(true);
});

test("a second reader begins without the first one's words; an amendment goes on from what was signed", () => {
  const first = aReading({ reader: "k.osei", verdict: "suspicious", reason: "Why.", conclusion: "Blasts.", signed_at: "1" });
  const second = aCase({ readings: [first], second_read: true });
  expect(caseWords(second, "me", EMPTY_DRAFT).verdict).toBeNull();
  expect(imageWords(second, "me", EMPTY_DRAFT, "a").verdict).toBeNull();

  const signed = aCase({ readings: [first], signed_at: "1" });
  expect(caseWords(signed, "me", EMPTY_DRAFT)).toEqual({ verdict: "suspicious", reason: null, conclusion: "Blasts." });
  expect(imageWords(signed, "me", EMPTY_DRAFT, "a").verdict).toBe("suspicious");
});

test("the draft stands above what the server has", () => {
  const detail = aCase({ readings: [aReading({ conclusion: "Old." })] });
  const draft = {
    reading: { verdict: null, reason: null, conclusion: "New." },
    findings: { a: { verdict: null, reason: null } },
  };
  expect(caseWords(detail, "me", EMPTY_DRAFT).conclusion).toBe("Old.");
  expect(caseWords(detail, "me", draft).conclusion).toBe("New.");
  expect(imageWords(detail, "me", draft, "a").verdict).toBeNull();
});

test("who may not judge is told why", () => {
  const signed = aReading({ signed_at: "1" });
  expect(whyNotMine(aCase({}), "me", true)).toBeNull();
  expect(whyNotMine(aCase({}), "me", false)).toContain("Only clinicians");
  expect(whyNotMine(aCase({ held_by: "k.osei" }), "me", true)).toContain("k.osei is reading");
  expect(whyNotMine(aCase({ second_read: true, readings: [signed] }), "me", true)).toContain("Another clinician");
  expect(whyNotMine(aCase({ second_read: true, readings: [signed] }), "k.osei", true)).toBeNull();
  expect(whyNotMine(aCase({ signed_at: "1" }), "me", true)).toContain("amend it");
  expect(whyNotMine(aCase({ signed_at: "1", held_by: "me" }), "me", true)).toBeNull();
});

test("the worklist tells the neighbours", () => {
  const order = { ids: IDS, more: false };
  expect(neighboursIn(order, "b")).toEqual({ previous: "a", next: "c", place: 2, total: 4, more: false });
  expect(neighboursIn(order, "d").next).toBeNull();
  expect(neighboursIn(order, "z")).toEqual({ previous: null, next: "a", place: null, total: 4, more: false });
});

test("a viewer gets smaller copies and the image itself, unless browsers cannot draw it", () => {
  const image = { id: "7", width: 2592, height: 1944, media_type: "image/jpeg" } as CaptureSummary;
  expect(levelsOf(image).map(({ width, height }) => [width, height])).toEqual([
    [640, 480],
    [1280, 960],
    [2592, 1944],
  ]);
  expect(levelsOf({ ...image, media_type: "image/tiff" }).at(-1)?.url).toContain("edge=1280");
  expect(levelsOf({ ...image, width: 224, height: 224 })).toHaveLength(1);
});

test("steps back are remembered up to a depth, the newest last", () => {
  const step = (image: string): Step => ({ image, before: { verdict: null, reason: null } });
  let steps: readonly Step[] = [];
  for (let count = 0; count < 150; count++) {
    steps = remember(steps, step(String(count)));
  }
  expect(steps).toHaveLength(100);
  expect(steps.at(-1)).toEqual(step("149"));
});
