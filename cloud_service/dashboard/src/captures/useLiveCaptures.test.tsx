import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { CapturePage } from "../api.gen.ts";
import { FakeSource } from "../live/fakeSource.ts";
import { useStream } from "../live/useStream.ts";
import { EVERY_CAPTURE, type Filter, newestFirst } from "./captures.ts";
import { aCapture, aPage } from "./testCaptures.ts";
import { useLiveCaptures } from "./useLiveCaptures.ts";

const ANNOUNCED: Filter = { states: ["announced"], span: null };

/** The server's answers, in the order of the questions, each given when its test says so. */
let answers: ((page: CapturePage) => Promise<void>)[];

function Around({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>;
}

function open() {
  return renderHook(
    ({ filter }) => {
      useStream(vi.fn());
      return useLiveCaptures(filter);
    },
    { wrapper: Around, initialProps: { filter: EVERY_CAPTURE } },
  );
}

async function tell(name: string, data: unknown, position: number): Promise<void> {
  FakeSource.newest().tell(name, data, position);
  await act(() => vi.advanceTimersByTimeAsync(100));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  answers = [];
  vi.stubGlobal(
    "fetch",
    () =>
      new Promise<Response>((resolve) => {
        answers.push(async (page) => {
          resolve(Response.json(page));
          await act(() => vi.advanceTimersByTimeAsync(0));
        });
      }),
  );
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an answer from before the stream began is not the last word", async () => {
  const { result } = open();
  await tell("hello", { position: 7, reset: false }, 7);
  await answers[0]?.(aPage([aCapture(1)], 5));
  await answers[1]?.(aPage([aCapture(1, { state: "stored" })], 7));

  expect(newestFirst(result.current.captures).map(({ capture }) => capture.state)).toEqual(["stored"]);
});

test("what is told of an older capture while it is on its way is not lost", async () => {
  const { result } = open();
  await tell("hello", { position: 7, reset: false }, 7);
  await answers[0]?.(aPage([aCapture(30)], 7, true));
  act(result.current.loadOlder);
  await tell("capture", aCapture(20, { state: "stored" }), 9);
  expect(result.current.isLoadingOlder).toBe(true);
  await answers[1]?.(aPage([aCapture(20)], 8));

  expect(newestFirst(result.current.captures).map(({ capture }) => capture.state)).toEqual(["announced", "stored"]);
  expect(result.current.isLoadingOlder).toBe(false);
});

test("older captures that were asked for under another filter do not come into this one's list", async () => {
  const { result, rerender } = open();
  await tell("hello", { position: 7, reset: false }, 7);
  await answers[0]?.(aPage([aCapture(30)], 7, true));
  act(result.current.loadOlder);
  await tell("capture", aCapture(40), 8);
  rerender({ filter: ANNOUNCED });
  await act(() => vi.advanceTimersByTimeAsync(0));
  await answers[2]?.(aPage([aCapture(40)], 8, true));
  await answers[1]?.(aPage([aCapture(20)], 8));

  expect(newestFirst(result.current.captures).map(({ capture }) => capture.smear)).toEqual(["smear 40"]);
  expect(result.current.captures.more).toBe(true);
});
