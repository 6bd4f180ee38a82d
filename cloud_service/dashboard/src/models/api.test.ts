import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { ModelDetail } from "../api.gen.ts";
import { modelQuery } from "./api.ts";
import { DIGEST } from "./testAssessments.ts";
import { aModel } from "./testModels.ts";

const DETAIL: ModelDetail = { ...aModel(), assessments: [], card: {}, timeline: [], shadow_runs: [] };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function within({ children }: { children: ReactNode }) {
  return createElement(QueryClientProvider, { client: queryClient }, children);
}

async function wait(ms: number): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(ms));
}

test("how often a model has answered goes on while its page is open, though no event tells of it", async () => {
  let answers = 1;
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ ...DETAIL, answers })));
  const { result } = renderHook(() => useQuery(modelQuery(DIGEST)), { wrapper: within });
  await wait(100);
  expect(result.current.data?.answers).toBe(1);

  answers = 2;
  await wait(10_000);
  expect(result.current.data?.answers).toBe(2);
});
