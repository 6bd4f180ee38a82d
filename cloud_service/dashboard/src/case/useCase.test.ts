import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { CaseDetail } from "../api.gen.ts";
import { aCase } from "../worklist/testCases.ts";
import { freshCase, patchCase, prefetchCase, useCaseDetail, useCaseImages } from "./useCase.ts";

const NOTHING = { comments: [], readings: [], reports: [], checks: [], models: [], earlier: [], position: 1 };

function aDetail(version: number): CaseDetail {
  return { ...aCase(1, { version }), ...NOTHING };
}

const { id } = aDetail(1);

/** The server's answers, each given when the test wants it. */
function server() {
  const questions: ((detail: CaseDetail) => void)[] = [];
  vi.stubGlobal(
    "fetch",
    (request: Request) =>
      new Promise<Response>((resolve, reject) => {
        questions.push((detail) => {
          resolve(Response.json(detail));
        });
        request.signal.addEventListener("abort", () => {
          reject(new DOMException("aborted", "AbortError"));
        });
      }),
  );
  return async (place: number, detail: CaseDetail) => {
    await vi.waitFor(() => {
      expect(questions.length).toBeGreaterThan(place);
    });
    questions[place]?.(detail);
  };
}

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

test("an answer that is late does not take the place of what the reader changed meanwhile", async () => {
  const tell = server();
  const first = freshCase(id);
  await tell(0, aDetail(4));
  await first;

  const late = freshCase(id);
  patchCase(id, (detail) => ({ ...detail, version: 5 }));
  await tell(1, aDetail(4));

  expect((await late).version).toBe(5);
  const newest = freshCase(id);
  await tell(2, aDetail(6));
  expect((await newest).version).toBe(6);
});

test("the case as it is now is not what was asked before", async () => {
  const tell = server();
  const first = freshCase(id);
  await tell(0, aDetail(4));
  await first;

  void queryClient.invalidateQueries({ queryKey: ["case-page", id], refetchType: "all" });
  const now = freshCase(id);
  await tell(2, aDetail(5));

  expect((await now).version).toBe(5);
});

/** All that is asked for; each answer is a version on. */
function questions(): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", ({ url }: Request) => {
    asked.push(new URL(url).pathname + new URL(url).search);
    return Promise.resolve(Response.json(url.includes("/images") ? { images: [], next: null } : aDetail(asked.length)));
  });
  return asked;
}

function wrapper({ children }: { children: ReactNode }) {
  return createElement(QueryClientProvider, { client: queryClient }, children);
}

const SEEN = `/api/v1/cases/${id}?ahead=false`;
const LOADED_AHEAD = `/api/v1/cases/${id}?ahead=true`;
const IMAGES = `/api/v1/cases/${id}/images?limit=100`;

test("a case that was loaded ahead is asked for once more when it is opened, so that the trail tells both apart", async () => {
  const asked = questions();
  await prefetchCase({ id });
  expect(asked).toEqual([LOADED_AHEAD, IMAGES]);

  renderHook(() => useCaseDetail(id), { wrapper });
  await vi.waitFor(() => {
    expect(asked).toEqual([LOADED_AHEAD, IMAGES, SEEN]);
  });
});

test("a case that is opened while it is loaded ahead is seen all the same", async () => {
  const asked = questions();
  const ahead = prefetchCase({ id });
  renderHook(() => useCaseDetail(id), { wrapper });
  await ahead;
  await vi.waitFor(() => {
    expect(asked).toContain(SEEN);
  });
});

test("a case that was open before is loaded anew, with its images, and one that was not is loaded once", async () => {
  const asked = questions();
  const open = () =>
    renderHook(() => [useCaseDetail(id).data?.version, useCaseImages(aDetail(1)).isFetching], { wrapper });
  const first = open();
  await vi.waitFor(() => {
    expect(first.result.current).toEqual([1, false]);
  });
  expect(asked).toEqual([SEEN, IMAGES]);
  first.unmount();

  const second = open();
  expect(second.result.current).toEqual([1, true]);
  await vi.waitFor(() => {
    expect(second.result.current).toEqual([3, false]);
  });
  expect(asked).toHaveLength(4);
});
