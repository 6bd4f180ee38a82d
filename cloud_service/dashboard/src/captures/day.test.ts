import { describe, expect, test } from "vitest";

import { dayInWords, isWithin, parseDay, shifted, spanOf } from "./day.ts";

describe("a day", () => {
  test("is read from the address only where it exists", () => {
    expect(parseDay("2026-11-22")).toBe("2026-11-22");
    expect(parseDay("all")).toBe("all");
    for (const wrong of ["2026-02-30", "2026-13-01", "22.11.2026", "", "today", 20261122, null, undefined]) {
      expect(parseDay(wrong)).toBeNull();
    }
  });

  test("is followed by the next one over the ends of months and years", () => {
    expect(shifted("2026-12-31", 1)).toBe("2027-01-01");
    expect(shifted("2028-03-01", -1)).toBe("2028-02-29");
  });

  test("holds its first moment and not the next day's", () => {
    const span = spanOf("2026-11-22");
    const first = new Date(2026, 10, 22);

    expect(span.from).toBe(first.toISOString());
    expect(isWithin(span, first.toISOString())).toBe(true);
    expect(isWithin(span, new Date(2026, 10, 22, 23, 59, 59, 999).toISOString())).toBe(true);
    expect(isWithin(span, new Date(2026, 10, 23).toISOString())).toBe(false);
    expect(isWithin(span, new Date(first.getTime() - 1).toISOString())).toBe(false);
    expect(isWithin(null, "1999-01-01T00:00:00Z")).toBe(true);
  });

  test("is told as a person tells it", () => {
    expect(dayInWords("2026-11-22", "2026-11-22")).toBe("today");
    expect(dayInWords("2026-11-21", "2026-11-22")).toBe("yesterday");
    expect(dayInWords("2026-11-20", "2026-11-22")).toBe("Friday, 20 November 2026");
  });
});
