import { expect, test } from "vitest";

import type { CaseSummary } from "../api.gen.ts";
import { aCase, aCasePage } from "./testCases.ts";
import { takenIn, withNews } from "./useWorklist.ts";

function told(...news: [CaseSummary, number][]) {
  return new Map(news.map(([payload, position]) => [payload.id, { payload, position }]));
}

const PAGES = [aCasePage([aCase(1), aCase(2)], 10, "next"), aCasePage([aCase(3)], 20)];

test("an event changes its row in place, unless the page was answered later", () => {
  const news = told([aCase(2, { held_by: "k.osei", state: "claimed" }), 11], [aCase(3, { held_by: "old" }), 15]);
  const { rows, fresh, moved } = withNews(PAGES, news, { holder: "all" }, "h.meier");

  expect(rows.map((row) => row.held_by)).toEqual([null, "k.osei", null]);
  expect([fresh, moved]).toEqual([0, 0]);
});

test("rows keep their places when they belong elsewhere, and are counted as moved", () => {
  const news = told([aCase(1, { queue: "done", state: "signed" }), 30], [aCase(3, { place: 0.01 }), 31]);
  const { rows, moved } = withNews(PAGES, news, {}, "h.meier");

  expect(rows.map((row) => [row.smear, row.queue])).toEqual([
    ["smear 1", "done"],
    ["smear 2", "critical"],
    ["smear 3", "critical"],
  ]);
  expect(moved).toBe(2);
});

test("a case that is not among the rows waits, and is counted where it is wanted and news", () => {
  const news = told([aCase(4), 30], [aCase(5, { queue: "routine" }), 31], [aCase(6), 9]);

  expect(withNews(PAGES, news, {}, "h.meier")).toMatchObject({ fresh: 1, moved: 0, rows: { length: 3 } });
});

test("a case that moved from one page to the next while they were asked for stands once", () => {
  const pages = [aCasePage([aCase(1)], 10), aCasePage([aCase(1), aCase(2)], 20)];

  expect(withNews(pages, told(), {}, "h.meier").rows.map((row) => row.smear)).toEqual(["smear 1", "smear 2"]);
});

test("before the first answer nothing is news", () => {
  expect(withNews([], told([aCase(4), 30]), {}, "h.meier")).toEqual({ rows: [], fresh: 0, moved: 0 });
});

const LISTED = PAGES.map((page) => ({ ...page, end: page.cases.at(-1) ?? null }));

function smears(pages: readonly { cases: CaseSummary[] }[]) {
  return pages.map(({ cases }) => cases.map(({ smear }) => smear));
}

test("news are taken in where the API would put them, and then nothing is news", () => {
  const news = told(
    [aCase(1, { queue: "done" }), 30],
    [aCase(2, { held_by: "old" }), 9],
    [aCase(3, { place: 0.01 }), 31],
    [aCase(4, { place: 0.02 }), 32],
    [aCase(5, { queue: "routine" }), 33],
  );
  const taken = takenIn(LISTED, news, {}, "h.meier");

  expect(smears(taken)).toEqual([["smear 3", "smear 4", "smear 2"], []]);
  expect(taken.map(({ position, next }) => [position, next])).toEqual([[33, "next"], [33, null]]);
  expect(withNews(taken, news, {}, "h.meier")).toMatchObject({ fresh: 0, moved: 0 });
});

test("what belongs behind the last page comes with the next one, also when the last case has gone", () => {
  const first = LISTED.slice(0, 1);
  const news = told([aCase(2, { queue: "done" }), 30], [aCase(0), 31], [aCase(5), 32]);
  const taken = takenIn(first, news, {}, "h.meier");
  const again = takenIn(taken, told([aCase(6), 40], [aCase(1, { place: 0.5 }), 41]), {}, "h.meier");

  expect(smears(taken)).toEqual([["smear 0", "smear 1"]]);
  expect(smears(again)).toEqual([["smear 0"]]);
});
