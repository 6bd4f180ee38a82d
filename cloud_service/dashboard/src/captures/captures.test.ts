import { describe, expect, test } from "vitest";

import { captures, type Captures, EVERY_CAPTURE, type Filter, KEPT, MOST, newestFirst, NO_CAPTURES, type Row } from "./captures.ts";
import { aCapture, anAnalysed, aPage } from "./testCaptures.ts";

function loaded(...seconds: number[]): Captures {
  const page = aPage(
    seconds.map((second) => aCapture(second)),
    10,
  );
  return captures(NO_CAPTURES, { type: "loaded", filter: EVERY_CAPTURE, page });
}

const LATE = "2026-11-22T23:00:00Z";

/** So many captures, each announced a second after the one before, told from `position` on. */
function numbered(count: number, position: number): Row[] {
  return Array.from({ length: count }, (_, number) => ({
    capture: aCapture(0, {
      id: `id-${String(number)}`,
      announced_at: new Date(Date.UTC(2026, 10, 22, 10) + number * 1000).toISOString(),
    }),
    position: position + number,
  }));
}

function smears(state: Captures): (string | null)[] {
  return newestFirst(state).map(({ capture }) => capture.smear);
}

describe("captures", () => {
  test("stand newest first, and the id decides between equals", () => {
    const twin = aCapture(3, { id: "ffffffff-0000-7000-8000-000000000000", smear: "twin" });
    const state = captures(loaded(1, 3, 2), { type: "told", rows: [{ capture: twin, position: 11 }] });

    expect(smears(state)).toEqual(["twin", "smear 3", "smear 2", "smear 1"]);
  });

  test("that are told of twice stand once, as the later position says", () => {
    const rows = [
      { capture: aCapture(2, { state: "stored" }), position: 12 },
      { capture: aCapture(2), position: 11 },
      { capture: aCapture(2, { state: "stored" }), position: 12 },
    ];
    const state = captures(loaded(1), { type: "told", rows });

    expect(newestFirst(state).map(({ capture }) => capture.state)).toEqual(["stored", "announced"]);
  });

  test("of an older page do not overwrite what an event told since", () => {
    const told = captures(loaded(2), {
      type: "told",
      rows: [{ capture: aCapture(2, { state: "stored" }), position: 20 }],
    });
    const state = captures(told, { type: "older", filter: EVERY_CAPTURE, page: aPage([aCapture(2), aCapture(1)], 15) });

    expect(newestFirst(state).map(({ capture }) => capture.state)).toEqual(["stored", "announced"]);
  });

  test("beyond what is kept go, the oldest first, and can be loaded again", () => {
    const state = captures(loaded(1), { type: "told", rows: numbered(KEPT + 5, 11) });

    expect(state.rows.size).toBe(KEPT);
    expect(state.more).toBe(true);
    expect(newestFirst(state).at(-1)?.capture.id).toBe("id-5");
  });

  test("of a page behind another filter's list do not enter this one, where others would be missing before them", () => {
    const few = captures(NO_CAPTURES, { type: "loaded", filter: EVERY_CAPTURE, page: aPage([aCapture(30)], 10, true) });
    const failed: Filter = { states: ["failed"], span: null };
    const state = captures(few, { type: "older", filter: failed, page: aPage([aCapture(1, { state: "failed" })], 11) });

    expect(state).toEqual(few);
  });

  test("keep their oldest row while those behind it are asked for, however many come meanwhile", () => {
    const full = captures(loaded(1), { type: "told", rows: numbered(KEPT, 11) });
    const asked = captures(full, { type: "asked older", atMost: 100 });
    const state = captures(asked, { type: "told", rows: [{ capture: aCapture(59, { announced_at: LATE }), position: 900 }] });

    expect(newestFirst(state).at(-1)?.capture.id).toBe(newestFirst(full).at(-1)?.capture.id);
  });

  test("that no page can hold are still known to be there", () => {
    const many = numbered(MOST, 11).map(({ capture }) => capture);
    const full = captures(loaded(1), { type: "older", filter: EVERY_CAPTURE, page: aPage(many, 11) });

    expect(full.rows.size).toBe(MOST);
    expect(full.more).toBe(true);
  });

  test("older than what is loaded wait until they are asked for, as others may stand between", () => {
    const few = captures(NO_CAPTURES, { type: "loaded", filter: EVERY_CAPTURE, page: aPage([aCapture(30)], 10, true) });
    const state = captures(few, {
      type: "told",
      rows: [
        { capture: aCapture(20, { state: "stored" }), position: 11 },
        { capture: aCapture(40), position: 12 },
      ],
    });

    expect(smears(state)).toEqual(["smear 40", "smear 30"]);
  });

  test("leave a filtered table when they change, and others do not enter it", () => {
    const failed = aPage([aCapture(2, { state: "failed" }), aCapture(1, { state: "failed" })], 10);
    const few = captures(NO_CAPTURES, { type: "loaded", filter: { states: ["failed"], span: null }, page: failed });
    const state = captures(few, {
      type: "told",
      rows: [
        { capture: aCapture(2, { state: "stored" }), position: 11 },
        { capture: aCapture(3), position: 12 },
        { capture: aCapture(4, { state: "failed" }), position: 13 },
      ],
    });

    expect(smears(state)).toEqual(["smear 4", "smear 1"]);
  });

  test("of another day do not enter the one that is shown, however late they come", () => {
    const span = { from: "2026-11-22T00:00:00Z", to: "2026-11-23T00:00:00Z" };
    const today = captures(NO_CAPTURES, { type: "loaded", filter: { states: [], span }, page: aPage([aCapture(1)], 10) });
    const state = captures(today, {
      type: "told",
      rows: [
        { capture: aCapture(2, { captured_at: "2026-11-21T23:59:59Z" }), position: 11 },
        { capture: aCapture(3), position: 12 },
      ],
    });

    expect(smears(state)).toEqual(["smear 3", "smear 1"]);
  });

  test("count an answer once, whatever else is told of its capture later", () => {
    const first = captures(loaded(1), { type: "told", rows: [{ capture: anAnalysed(1, 0.9), position: 11 }] });
    const again = captures(first, { type: "told", rows: [{ capture: anAnalysed(1, 0.9), position: 12 }] });

    expect(again.answers).toBe(1);
  });

  test("count an answer once, also where the filter keeps its capture out", () => {
    const failed: Filter = { states: ["failed"], span: null };
    const before = captures(NO_CAPTURES, { type: "loaded", filter: EVERY_CAPTURE, page: aPage([anAnalysed(1, 0.9)], 10) });
    const few = captures(before, { type: "loaded", filter: failed, page: aPage([], 11) });
    const told = [1, 2, 2].map((second, number) => ({ capture: anAnalysed(second, 0.9), position: 12 + number }));
    const first = captures(few, { type: "told", rows: told });
    const again = captures(first, { type: "told", rows: told });

    expect(again.answers).toBe(1);
  });
});
