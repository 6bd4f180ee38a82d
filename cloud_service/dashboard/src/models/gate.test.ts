import { expect, test } from "vitest";

import { asDifference, failedFirst, pairedMeasures, tells, withInterval } from "./gate.ts";
import { aCheck, aComparedModel, aComparison } from "./testAssessments.ts";

test("what failed at the gate stands first, then what could not be looked at, the rest as the gate names it", () => {
  const checks = [aCheck({ name: "parity" }), aCheck({ name: "input", passed: null }), aCheck({ name: "speed", passed: false }), aCheck({ name: "calibration" })];
  expect(failedFirst(checks).map(({ name }) => name)).toEqual(["speed", "input", "parity", "calibration"]);
});

test("a difference tells something only where its interval leaves no room for none", () => {
  expect(tells({ value: 0.02, low: 0.001, high: 0.04 })).toBe("better");
  expect(tells({ value: -0.02, low: -0.04, high: -0.001 })).toBe("worse");
  expect(tells({ value: 0.02, low: 0, high: 0.04 })).toBe("cannot be told apart");
  expect(tells({ value: 0.02 })).toBe("cannot be told apart");
});

test("of an error, less is better", () => {
  expect(tells({ value: 0.02, low: 0.001, high: 0.04 }, true)).toBe("worse");
  expect(tells({ value: -0.02, low: -0.04, high: -0.001 }, true)).toBe("better");
});

test("figures stand with their intervals, and a difference with its sign", () => {
  expect(withInterval({ value: 0.979, low: 0.948, high: 1 })).toBe("97.9 % (94.8 % to 100.0 %)");
  expect(withInterval({ value: 0.979, low: null, high: null })).toBe("97.9 %");
  expect(withInterval({ value: 0.0512, low: 0.02, high: 0.09 }, false)).toBe("0.051 (0.020 to 0.090)");
  expect(withInterval(null)).toBe("–");
  expect(asDifference({ value: 0.021, low: -0.004, high: 0.046 })).toBe("+2.1 points (−0.4 to +4.6)");
  expect(asDifference({ value: -0.0001, low: -0.01, high: 0.01 })).toBe("0.0 points (−1.0 to +1.0)");
  expect(asDifference({ value: -0.0123, low: null, high: null }, false)).toBe("−0.012");
});

test("measures stand in the order in which people ask for them, a missing one as none", () => {
  const sensitivity = { value: 0.9, low: 0.8, high: 1 };
  const figures = { ...aComparedModel().figures, measures: { brier: { value: 0.1 }, recall_all: sensitivity } };
  const paired = pairedMeasures(aComparison({ challenger: aComparedModel({ figures }), champion: null, differences: { brier: null } }));
  expect(paired.map(({ name }) => name)).toEqual(["Sensitivity", "Specificity", "Balanced accuracy", "Accuracy", "Area under ROC", "Brier score"]);
  expect(paired[0]).toMatchObject({ challenger: sensitivity, champion: null, difference: null });
  expect(paired[1]?.challenger).toBeNull();
});
