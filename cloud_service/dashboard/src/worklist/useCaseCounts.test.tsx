import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import { FakeSource } from "../live/fakeSource.ts";
import { useStream } from "../live/useStream.ts";
import { aCase } from "./testCases.ts";
import { useCaseCounts } from "./useWorklist.ts";

/** How many are critical, and the event position at which that is so; what the next answer says. */
const server = { critical: 1, position: 7 };
const asked = vi.fn();

function Page() {
  useStream(() => undefined);
  return useCaseCounts({})?.critical ?? "none";
}

function open(): HTMLElement {
  return render(
    <QueryClientProvider client={queryClient}>
      <Page />
    </QueryClientProvider>,
  ).container;
}

async function wait(ms: number): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(ms));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("fetch", () => {
    asked();
    const counts = { ...server, review: 0, routine: 0, cannot_say: 0, waiting: 0, done: 0, failed: 0 };
    return Promise.resolve(Response.json(counts));
  });
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  asked.mockClear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an answer that others share and that is older than an event is asked for again until it is not", async () => {
  Object.assign(server, { critical: 1, position: 7 });
  const page = open();
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  await wait(100);
  FakeSource.newest().tell("case", aCase(1), 8);
  await wait(200);
  const early = asked.mock.calls.length;
  expect(page.textContent).toBe("1");

  Object.assign(server, { critical: 2, position: 8 });
  await wait(2100);
  expect(page.textContent).toBe("2");
  expect(asked.mock.calls.length).toBe(early + 1);
  await wait(10_000);
  expect(asked.mock.calls.length).toBe(early + 1);
});

test("so is an answer from before the stream began, also where the next one is the same", async () => {
  Object.assign(server, { critical: 1, position: 5 });
  const page = open();
  await wait(100);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  await wait(2500);
  expect(page.textContent).toBe("1");

  Object.assign(server, { critical: 3, position: 7 });
  await wait(2500);
  expect(page.textContent).toBe("3");
});
