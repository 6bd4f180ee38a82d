import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { CaseSummary } from "../api.gen.ts";
import { aCase } from "./testCases.ts";
import { useTakingIn } from "./useTakingIn.ts";
import type { Worklist } from "./useWorklist.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function aWorklist(rows: CaseSummary[], changes: Partial<Worklist> = {}): Worklist {
  const idle = { isLoading: false, fault: null, hasMore: false, isLoadingMore: false, loadMore: vi.fn(), takeIn: vi.fn() };
  return { rows, fresh: 0, moved: 0, ...idle, ...changes };
}

function follow(first: Worklist) {
  const list = { current: document.createElement("section") };
  return renderHook(
    (worklist: Worklist) => {
      useTakingIn(list, worklist);
    },
    { initialProps: first },
  );
}

test("a case that arrives as another is taken in is taken in as well", () => {
  const takeIn = vi.fn();
  const { rerender } = follow(aWorklist([aCase(1)], { fresh: 1, takeIn }));
  vi.advanceTimersByTime(0);
  expect(takeIn).toHaveBeenCalledTimes(1);

  rerender(aWorklist([aCase(1), aCase(2)], { fresh: 1, takeIn }));
  vi.advanceTimersByTime(1000);
  expect(takeIn).toHaveBeenCalledTimes(2);
});

test("without news nothing is asked for", () => {
  const takeIn = vi.fn();
  const { rerender } = follow(aWorklist([aCase(1)], { takeIn }));
  rerender(aWorklist([aCase(2)], { takeIn }));
  vi.advanceTimersByTime(1000);

  expect(takeIn).not.toHaveBeenCalled();
});
