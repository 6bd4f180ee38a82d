import { expect, test } from "vitest";

import { summaryOf } from "./cardSummary.ts";

const CARD = {
  clinical_meaning: "Blast features, seen or not.",
  held_out: [
    { part: "crop", images: 10, images_with_all: 5, groups: 2, measures: { recall_all: { value: 0.1 } } },
    {
      part: "all",
      images: 240,
      images_with_all: 120,
      groups: 40,
      measures: { recall_all: { value: 0.979, low: 0.951, high: 1 }, recall_not_all: { value: 0.97, low: 0.94, high: 0.99 } },
    },
  ],
  coverage: { answered: { value: 0.95, low: null, high: null } },
  limits: ["Has never seen real blood."],
};

test("a clinician reads whole images of a hundred, of all images and not of one kind", () => {
  const { meaning, figures, ground, limits } = summaryOf(CARD);
  expect(meaning).toBe("Blast features, seen or not.");
  expect(figures).toEqual([
    "Of 100 images with ALL it calls about 98 (95 to 100) suspicious.",
    "Of 100 images without ALL it calls about 3 (1 to 6) suspicious all the same.",
    "On about 5 of 100 images it says that it cannot tell.",
  ]);
  expect(ground).toContain("Measured on 240 images that took no part in its training (120 with ALL, from 40 patients or smears)");
  expect(limits).toEqual(["Has never seen real blood."]);
});

test("what a card does not hold is not made up", () => {
  expect(summaryOf({})).toEqual({ meaning: null, figures: [], ground: null, limits: [] });
});
