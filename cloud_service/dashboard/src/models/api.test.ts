import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Unreachable } from "../api/problem.ts";
import { queryClient } from "../api/queries.ts";
import type { ModelDetail } from "../api.gen.ts";
import { modelQuery, proposalsQuery, reject } from "./api.ts";
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

/** A server that is there for the page's first question alone, and for deeds where `deed` answers them. */
async function leaveAfterLoading(deed: () => Promise<Response>): Promise<void> {
  let isThere = true;
  vi.stubGlobal("fetch", ({ method }: Request) => {
    if (method !== "GET") {
      return deed();
    }
    return isThere ? Promise.resolve(Response.json([])) : Promise.reject(new TypeError("Failed to fetch"));
  });
  renderHook(() => useQuery(proposalsQuery), { wrapper: within });
  await wait(100);
  isThere = false;
}

test("a deed that fails says so at once, although nothing can be loaded anew", async () => {
  await leaveAfterLoading(() => Promise.reject(new TypeError("Failed to fetch")));
  const refused = vi.fn<(error: unknown) => void>();
  reject(DIGEST, "It follows the scale bar.").catch(refused);
  await wait(100);

  expect(refused).toHaveBeenCalledExactlyOnceWith(new Unreachable());
});

test("one that is done is so within seconds, although nothing can be loaded anew", async () => {
  await leaveAfterLoading(() => Promise.resolve(Response.json(DETAIL)));
  const done = vi.fn<(model: unknown) => void>();
  void reject(DIGEST, "It follows the scale bar.").then(done);
  await wait(100);
  expect(done).not.toHaveBeenCalled();

  await wait(3000);
  expect(done).toHaveBeenCalledOnce();
});
