import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Row } from "./captures.ts";
import { type Connection, followEvents } from "./events.ts";
import { aCapture } from "./testCaptures.ts";

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static opened: FakeSource[] = [];
  readyState = 0;
  onerror: (() => void) | null = null;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    FakeSource.opened.push(this);
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }

  tell(name: string, data: unknown, id: number): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: String(id) }));
  }
}

function newestSource(): FakeSource {
  const source = FakeSource.opened.at(-1);
  if (source === undefined) {
    throw new Error("no stream was opened");
  }
  return source;
}

const told: Row[][] = [];
const connections: Connection[] = [];
const calls: string[] = [];

function follow(): () => void {
  return followEvents(7, {
    onCaptures: (rows) => told.push([...rows]),
    onConnection: (connection) => connections.push(connection),
    onDevice: () => calls.push("device"),
    onReset: () => calls.push("reset"),
    onRefused: () => calls.push("refused"),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const list of [FakeSource.opened, told, connections, calls]) {
    list.length = 0;
  }
});

test("the first event is told at once, and a burst behind it in one batch", () => {
  follow();
  expect(newestSource().url).toBe("/api/v1/events?after=7");
  newestSource().tell("hello", { position: 7, reset: false }, 7);
  newestSource().tell("capture", aCapture(1), 8);
  vi.advanceTimersByTime(0);
  for (let id = 9; id < 30; id++) {
    newestSource().tell("capture", aCapture(id), id);
  }
  vi.advanceTimersByTime(100);

  expect(connections).toEqual(["live"]);
  expect(told.map((rows) => rows.length)).toEqual([1, 21]);
  expect(told[1]?.at(-1)?.position).toBe(29);
});

test("a lost line is the browser's to mend", () => {
  follow();
  newestSource().onerror?.();
  vi.advanceTimersByTime(60_000);

  expect(connections).toEqual(["lost"]);
  expect(FakeSource.opened).toHaveLength(1);
});

test("after a refusal the stream is opened again behind the last event", () => {
  const close = follow();
  newestSource().tell("capture", aCapture(1), 12);
  newestSource().readyState = FakeSource.CLOSED;
  newestSource().onerror?.();
  vi.advanceTimersByTime(2000);

  expect(calls).toEqual(["refused"]);
  expect(newestSource().url).toBe("/api/v1/events?after=12");

  close();
  newestSource().onerror?.();
});

test("another log and news of devices are passed on, and nothing after the end", () => {
  const close = follow();
  newestSource().tell("hello", { position: 3, reset: true }, 3);
  newestSource().tell("device", {}, 4);
  newestSource().tell("capture", aCapture(1), 5);
  close();
  vi.advanceTimersByTime(1000);

  expect(calls).toEqual(["reset", "device"]);
  expect(told).toEqual([]);
});
