import { QueryObserver } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { keys, queryClient } from "../api/queries.ts";
import { aCapture } from "../captures/testCaptures.ts";
import { FakeSource } from "./fakeSource.ts";
import { useStream } from "./useStream.ts";

const refused = vi.fn();
const ends: (() => void)[] = [];

function Follower() {
  useStream(refused);
  return null;
}

function isStale(key: readonly unknown[]): boolean {
  return queryClient.getQueryState(key)?.isInvalidated ?? false;
}

/** A query that somebody looks at; each answer takes half a second. */
function watch(queryKey: readonly string[], answered: () => unknown) {
  const asked = vi.fn(
    () =>
      new Promise((resolve) => {
        setTimeout(() => {
          resolve(answered());
        }, 500);
      }),
  );
  ends.push(new QueryObserver(queryClient, { queryKey, queryFn: asked }).subscribe(vi.fn()));
  return asked;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
});

afterEach(() => {
  cleanup();
  for (const end of ends.splice(0)) {
    end();
  }
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
  const [told, other] = [aCapture(1), aCapture(2)];
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  queryClient.setQueryData(keys.capture(told.id), told);
  queryClient.setQueryData(keys.capture(other.id), other);
  FakeSource.newest().tell("capture", told, 8);
  vi.advanceTimersByTime(100);

  expect(isStale(keys.capture(told.id))).toBe(true);
  expect(isStale(keys.capture(other.id))).toBe(false);
});

test("a data set that comes makes stale what is kept of models, whose assessments it may overtake", () => {
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  const kept = [[...keys.datasets, "all"], [...keys.models, "assessments", "0"]];
  for (const key of kept) {
    queryClient.setQueryData(key, []);
  }
  FakeSource.newest().tell("dataset", {}, 8);
  vi.advanceTimersByTime(100);

  expect(kept.map(isStale)).toEqual([true, true]);
});

test("a first answer that was true before the stream began is asked for once more when it comes", async () => {
  const positions = [6, 8];
  const asked = watch(["early"], () => ({ position: positions.shift() }));
  const unplaced = watch(["without position"], () => [1]);
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  await vi.advanceTimersByTimeAsync(1000);

  expect(queryClient.getQueryData(["early"])).toEqual({ position: 8 });
  expect(asked).toHaveBeenCalledTimes(2);
  expect(unplaced).toHaveBeenCalledOnce();
});

test("a first answer that an event overtakes is asked for once more, however many events do", async () => {
  const told = aCapture(1);
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  const asked = watch(keys.capture(told.id), () => told);
  for (const position of [8, 9, 10]) {
    FakeSource.newest().tell("capture", told, position);
    vi.advanceTimersByTime(100);
  }
  expect(asked).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(2000);

  expect(asked).toHaveBeenCalledTimes(2);
});

test("all devices together are asked for once a second at most", async () => {
  render(<Follower />);
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  const asked = watch(keys.devices, () => []);
  await vi.advanceTimersByTimeAsync(5000);
  for (let position = 8; position < 18; position++) {
    FakeSource.newest().tell("device", {}, position);
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(5000);

  expect(asked).toHaveBeenCalledTimes(3);
});

test("a refused stream is told of", () => {
  render(<Follower />);
  FakeSource.newest().readyState = FakeSource.CLOSED;
  FakeSource.newest().onerror?.();

  expect(refused).toHaveBeenCalledOnce();
});
