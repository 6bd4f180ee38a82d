import { expect, test } from "vitest";

import { aReport } from "../testReports.ts";
import { countsInWords, duplicatesInWords, isShortcut } from "./report.ts";

test("a report counts what there is, and says what it is of", () => {
  expect(countsInWords(aReport())).toEqual([
    ["Layout", "Class folders: one folder a class"],
    ["Images", "1,200"],
    ["With ALL", "300 (25 %)"],
    ["Without ALL", "900 (75 %)"],
    ["Groups", "60, of 1 to 40 images"],
    ["Groups with both labels", "2"],
  ]);
});

test("an empty data set has no shares, and groups of one size are told as such", () => {
  const groups = { count: 2, smallest: 1, median: 1, largest: 1, with_both_labels: 0 };

  expect(countsInWords(aReport({ images: 0, with_all: 0, without: 0, groups: { ...groups, count: 0 } }))).toContainEqual(["With ALL", "0"]);
  expect(countsInWords(aReport({ groups }))).toContainEqual(["Groups", "2, each of 1 image"]);
});

test("images that are the same say what they contradict", () => {
  const same = { likeness: "exact", paths: ["a", "b"], crosses_labels: true, crosses_classes: true, crosses_groups: false };

  expect(duplicatesInWords(same)).toBe("The same file: 2 images, labelled ALL and not ALL");
  expect(duplicatesInWords({ ...same, likeness: "near", crosses_labels: false, crosses_groups: true })).toBe(
    "Look the same: 2 images, in several groups",
  );
});

test("a shortcut is what tells the class without cytology", () => {
  const predictor = { name: "corners", mixed: 0.9, folds: 5 };

  expect(isShortcut({ ...predictor, grouped: 0.7 })).toBe(true);
  expect(isShortcut({ ...predictor, grouped: 0.69 })).toBe(false);
});
