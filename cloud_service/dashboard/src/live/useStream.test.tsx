import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { keys, queryClient } from "../api/queries.ts";
import { aCase } from "../worklist/testCases.ts";
import { FakeSource } from "./fakeSource.ts";
import { useStream } from "./useStream.ts";

const refused = vi.fn();

function Follower() {
  useStream(refused);
  return null;
}

function isStale(key: readonly unknown[]): boolean {
  return queryClient.getQueryState(key)?.isInvalidated ?? false;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what was answered before the stream began is asked for again, and nothing else", () => {
  queryClient.setQueryData(["early"], { position: 6 });
  queryClient.setQueryData(["early page"], { pages: [{ position: 8 }, { position: 6 }] });
  queryClient.setQueryData(["without position"], [1]);
  queryClient.setQueryData(["late"], { pages: [{ position: 7 }, { position: 8 }] });
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);

  expect(isStale(["early"])).toBe(true);
  expect(isStale(["early page"])).toBe(true);
  expect(isStale(["without position"])).toBe(true);
  expect(isStale(["late"])).toBe(false);
});

test("when the line is back, only what failed meanwhile is asked for again; another log makes all of it stale", async () => {
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  queryClient.setQueryData(["kept"], [1]);
  const failing = queryClient.query({ queryKey: ["failed"], queryFn: () => Promise.reject(new Error("away")), retry: false });
  await expect(failing).rejects.toThrow("away");

  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  expect(isStale(["failed"])).toBe(true);
  expect(isStale(["kept"])).toBe(false);
  FakeSource.newest().tell("hello", { position: 1, reset: true }, 1);
  expect(isStale(["kept"])).toBe(true);
});

test("an event makes stale what is kept of its subject", () => {
  const [told, other] = [aCase(1), aCase(2)];
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  queryClient.setQueryData(keys.case(told.id), told);
  queryClient.setQueryData(keys.case(other.id), other);
  FakeSource.newest().tell("case", told, 8);
  vi.advanceTimersByTime(100);

  expect(isStale(keys.case(told.id))).toBe(true);
  expect(isStale(keys.case(other.id))).toBe(false);
});

test("a refused stream is told of", () => {
  render(<Follower />);
  FakeSource.newest().readyState = FakeSource.CLOSED;
  FakeSource.newest().onerror?.();

  expect(refused).toHaveBeenCalledOnce();
});
