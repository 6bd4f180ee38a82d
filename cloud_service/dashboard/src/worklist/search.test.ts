import { describe, expect, test } from "vitest";

import { filtersOf, matches, orderOf, queueOf, readSearch, tidy, type WorklistSearch } from "./search.ts";
import { aCase } from "./testCases.ts";

describe("an address", () => {
  test("says what is wanted, and what it says of nothing known is left out", () => {
    const given = { queue: "routine", holder: "mine", site: "north", sort: "newest", from: "2026-11-01", state: "signed" };

    expect(readSearch(given)).toEqual(given);
    expect(readSearch({ queue: "best", holder: 7, from: "soon", state: "", evil: "x", search: "  " })).toEqual({});
  });

  test("stays short: what is as usual is not said", () => {
    expect(tidy({ queue: "critical", holder: "mine_or_unclaimed", sort: "worklist", site: "", search: "ab" })).toEqual({
      search: "ab",
    });
  });

  test("becomes what the API is asked for, whole days in the reader's own time", () => {
    expect(queueOf({})).toEqual({ queue: ["critical"] });
    expect(queueOf({ queue: "failed" })).toEqual({ failed: true });
    expect(queueOf({ queue: "all" })).toEqual({});
    expect(filtersOf({ from: "2026-11-22", to: "2026-11-22", state: "open" })).toEqual({
      holder: "mine_or_unclaimed",
      state: ["open"],
      since: new Date(2026, 10, 22).toISOString(),
      until: new Date(2026, 10, 23).toISOString(),
    });
  });
});

describe("a case told of by an event", () => {
  const found = aCase(12, { held_by: "h.meier", smear: "B marrow", failed_images: 0 });

  test.each<[WorklistSearch, boolean]>([
    [{}, true],
    [{ queue: "routine" }, false],
    [{ queue: "failed" }, false],
    [{ queue: "all", holder: "unclaimed" }, false],
    [{ holder: "mine", site: "north", device: "scope-1", state: "preliminary" }, true],
    [{ site: "south" }, false],
    [{ device: "scope-2" }, false],
    [{ state: "signed" }, false],
    [{ search: "0000001" }, true],
    [{ search: "B ma" }, true],
    [{ search: "arrow" }, false],
    [{ from: "2026-11-20", to: "2026-11-24" }, true],
    [{ from: "2026-11-24" }, false],
    [{ to: "2026-11-20" }, false],
  ])("belongs to %j: %s", (search, belongs) => {
    expect(matches(found, search, "h.meier")).toBe(belongs);
  });

  test("that another holds is not among mine and the unclaimed", () => {
    expect(matches(found, {}, "k.osei")).toBe(false);
    expect(matches({ ...found, held_by: null }, {}, "k.osei")).toBe(true);
  });

  test("moves when what the order goes by has changed", () => {
    const later = { ...found, held_by: null, latest_at: "2026-11-22T10:00:00Z" };
    expect(orderOf({})(found, { ...found, place: 0.01 })).toBeGreaterThan(0);
    expect(orderOf({})(found, { ...found, place: 0.01, queue: "routine" })).toBeLessThan(0);
    expect(orderOf({})(found, later)).toBe(0);
    expect(orderOf({ sort: "newest" })(found, later)).toBeGreaterThan(0);
    expect(orderOf({ sort: "oldest" })(found, later)).toBeLessThan(0);
  });
});
