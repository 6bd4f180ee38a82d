import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { aCapture } from "../captures/testCaptures.ts";
import { FakeSource } from "./fakeSource.ts";
import { EventStream, type Told } from "./stream.ts";

const told: Told<"capture">[][] = [];
const calls: string[] = [];
let close: () => void;

function follow(): EventStream {
  const stream = new EventStream();
  stream.on("capture", (rows) => told.push([...rows]));
  stream.on("device", () => calls.push("device"));
  stream.greeting(({ reset, first }) => calls.push(`hello ${reset ? "reset" : first ? "first" : "again"}`));
  stream.refusal(() => calls.push("refused"));
  close = stream.open();
  return stream;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const list of [FakeSource.opened, told, calls]) {
    list.length = 0;
  }
});

test("the first event is told at once, and a burst behind it in one batch", () => {
  const stream = follow();
  expect(FakeSource.newest().url).toBe("/api/v1/events");
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  FakeSource.newest().tell("capture", aCapture(1), 8);
  vi.advanceTimersByTime(0);
  for (let id = 9; id < 30; id++) {
    FakeSource.newest().tell("capture", aCapture(id), id);
  }
  vi.advanceTimersByTime(100);

  expect(stream.connection.get()).toBe("live");
  expect(told.map((rows) => rows.length)).toEqual([1, 21]);
  expect(told[1]?.at(-1)?.position).toBe(29);
  expect(stream.since("capture", 27).map(({ position }) => position)).toEqual([28, 29]);
});

test("a lost line is the browser's to mend", () => {
  const stream = follow();
  FakeSource.newest().onerror?.();
  vi.advanceTimersByTime(60_000);

  expect(stream.connection.get()).toBe("lost");
  expect(FakeSource.opened).toHaveLength(1);
});

test("after a refusal the stream is opened again behind the last event", () => {
  follow();
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  FakeSource.newest().tell("capture", aCapture(1), 12);
  FakeSource.newest().readyState = FakeSource.CLOSED;
  FakeSource.newest().onerror?.();
  vi.advanceTimersByTime(2000);

  expect(calls).toEqual(["hello first", "refused"]);
  expect(FakeSource.newest().url).toBe("/api/v1/events?after=12");
  FakeSource.newest().tell("hello", { position: 12, reset: false }, 12);
  expect(calls.at(-1)).toBe("hello again");
});

test("another log and news of devices are passed on, and nothing after the end", () => {
  const stream = follow();
  FakeSource.newest().tell("hello", { position: 3, reset: true }, 3);
  FakeSource.newest().tell("device", {}, 4);
  vi.advanceTimersByTime(1000);
  FakeSource.newest().tell("capture", aCapture(1), 5);
  close();
  vi.advanceTimersByTime(1000);

  expect(calls).toEqual(["hello reset", "device"]);
  expect(told).toEqual([]);
  expect(stream.since("capture", 0)).toEqual([]);
});
