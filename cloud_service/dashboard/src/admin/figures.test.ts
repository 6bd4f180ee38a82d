import { describe, expect, test } from "vitest";

import { ago, duration, plural, room } from "./figures.ts";

const NOW = new Date("2026-11-22T09:00:00Z");

describe("figures in words", () => {
  test.each([
    ["2026-11-22T08:59:58Z", "just now"],
    ["2026-11-22T08:59:20Z", "40 seconds ago"],
    ["2026-11-22T08:57:01Z", "2 minutes ago"],
    ["2026-11-22T08:00:00Z", "1 hour ago"],
    ["2026-11-19T09:00:00Z", "3 days ago"],
    ["2026-11-22T09:00:07Z", "just now"],
    ["2026-11-22T09:00:40Z", "in 40 seconds"],
    ["2026-11-23T08:00:00Z", "in 23 hours"],
  ])("%s was %s", (moment, words) => {
    expect(ago(moment, NOW)).toBe(words);
  });

  test("a length of time names its two largest units", () => {
    expect([0, 40, 60, 125, 7500, 3600, 200_000, -90].map(duration)).toEqual([
      "0 s",
      "40 s",
      "1 min",
      "2 min 5 s",
      "2 h 5 min",
      "1 h",
      "2 d 7 h",
      "1 min 30 s",
    ]);
  });

  test("room and counts read as people say them", () => {
    expect([5e8, 37.44e9, 1.2e12].map(room)).toEqual(["500 MB", "37.4 GB", "1.20 TB"]);
    expect([plural(1, "image"), plural(1200, "image"), plural(2, "entry", "entries")]).toEqual([
      "1 image",
      "1,200 images",
      "2 entries",
    ]);
  });
});
