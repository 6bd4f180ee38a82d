import { expect, test } from "vitest";

import { lengthInWords, scaleBar } from "./barLength.ts";

test.each([
  // 0.1 µm a pixel, one to one: 160 CSS pixels are 16 µm.
  [0.1, 1, 1, 10, 100],
  // A screen of two pixels a CSS pixel shows half as much in the same width.
  [0.1, 2, 2, 10, 100],
  [0.1, 8, 1, 2, 160],
  [0.1, 0.25, 1, 50, 125],
  [2, 0.05, 1, 5000, 125],
])("%s µm a pixel at a scale of %s and a ratio of %s: %s µm", (size, scale, ratio, micrometres, width) => {
  const bar = scaleBar(size, scale, ratio);
  expect(bar?.micrometres).toBe(micrometres);
  expect(bar?.width).toBeCloseTo(width);
});

test("before the image has a scale there is no bar", () => {
  expect(scaleBar(0.1, 0, 1)).toBeNull();
});

test("lengths are said in the unit that people use", () => {
  expect([0.5, 20, 500, 2000].map(lengthInWords)).toEqual(["0.5 µm", "20 µm", "500 µm", "2 mm"]);
});
