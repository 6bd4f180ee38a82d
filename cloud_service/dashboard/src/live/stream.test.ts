import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { aCapture } from "../captures/testCaptures.ts";
import { EventStream, type Told } from "./stream.ts";

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
  expect(newestSource().url).toBe("/api/v1/events");
  newestSource().tell("hello", { position: 7, reset: false }, 7);
  newestSource().tell("capture", aCapture(1), 8);
  vi.advanceTimersByTime(0);
  for (let id = 9; id < 30; id++) {
    newestSource().tell("capture", aCapture(id), id);
  }
  vi.advanceTimersByTime(100);

  expect(stream.connection.get()).toBe("live");
  expect(told.map((rows) => rows.length)).toEqual([1, 21]);
  expect(told[1]?.at(-1)?.position).toBe(29);
  expect(stream.since("capture", 27).map(({ position }) => position)).toEqual([28, 29]);
});

test("a lost line is the browser's to mend", () => {
  const stream = follow();
  newestSource().onerror?.();
  vi.advanceTimersByTime(60_000);

  expect(stream.connection.get()).toBe("lost");
  expect(FakeSource.opened).toHaveLength(1);
});

test("after a refusal the stream is opened again behind the last event", () => {
  follow();
  newestSource().tell("hello", { position: 7, reset: false }, 7);
  newestSource().tell("capture", aCapture(1), 12);
  newestSource().readyState = FakeSource.CLOSED;
  newestSource().onerror?.();
  vi.advanceTimersByTime(2000);

  expect(calls).toEqual(["hello first", "refused"]);
  expect(newestSource().url).toBe("/api/v1/events?after=12");
  newestSource().tell("hello", { position: 12, reset: false }, 12);
  expect(calls.at(-1)).toBe("hello again");
});

test("another log and news of devices are passed on, and nothing after the end", () => {
  const stream = follow();
  newestSource().tell("hello", { position: 3, reset: true }, 3);
  newestSource().tell("device", {}, 4);
  vi.advanceTimersByTime(1000);
  newestSource().tell("capture", aCapture(1), 5);
  close();
  vi.advanceTimersByTime(1000);

  expect(calls).toEqual(["hello reset", "device"]);
  expect(told).toEqual([]);
  expect(stream.since("capture", 0)).toEqual([]);
});
