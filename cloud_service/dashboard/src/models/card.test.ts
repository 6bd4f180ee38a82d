import { describe, expect, test } from "vitest";

import DEMO from "../../../ml/demo_model/card.json";
import { cardInWords } from "./card.ts";

describe("a model's card in words", () => {
  test("says of the shipped model what it is for, and first of all what it is not", () => {
    const words = cardInWords(DEMO);

    expect(words.meaning[0]).toEqual(["Clinical meaning", DEMO.clinical_meaning]);
    expect(words.limits).toEqual(DEMO.limits);
    expect(words.shortcuts).toEqual([]);
    expect(words.answering).toContainEqual([
      "Suspicious from",
      "a probability of 40.0 % on, chosen on other images for a sensitivity of 95.0 %",
    ]);
    expect(words.heldOut).toHaveLength(3);
    expect(words.heldOut[0]).toEqual({
      title: "All: 192 images in 96 groups",
      sensitivity: "97.9 % (94.8 % to 100.0 %)",
      specificity: "97.9 % (94.8 % to 100.0 %)",
      auc: expect.stringMatching(/^99\.\d % \(/) as string,
      accuracy: "97.9 % (95.8 % to 99.5 %)",
    });
    expect(words.checks).toContainEqual(["Finds blank fields", "100.0 % (94.0 % to 100.0 %)"]);
    expect(words.training).toContainEqual(["Trained on", "624 images"]);
  });

  test("gives a figure without an interval where one group alone was measured", () => {
    const measures = { recall_all: { value: 0.9, low: null, high: null } };

    expect(cardInWords({ held_out: [{ images: 10, groups: 1, measures }] }).heldOut[0]?.sensitivity).toBe("90.0 % (no interval)");
  });

  test("of which parts are missing says what it can, and invents no figure", () => {
    const words = cardInWords({ threshold: 0.5, held_out: [{ images: 1, groups: 1, measures: { roc_auc: null } }] });

    expect(words.meaning).toEqual([]);
    expect(words.answering).toContainEqual(["Suspicious from", "a probability of 50.0 % on, set by hand"]);
    expect(words.answering).toContainEqual(["Cannot say", "never: the model always answers"]);
    expect(words.heldOut).toEqual([
      { title: "All: 1 image in 1 group", sensitivity: "–", specificity: "–", auc: "–", accuracy: "–" },
    ]);
    expect(words.checks).toEqual([]);
    expect(cardInWords({}).training).toEqual([]);
  });
});
