import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Me } from "../api.gen.ts";
import { session } from "../session/session.ts";
import { upload } from "./upload.ts";

const ME = { user: "admin", role: "administrator", site: null, permissions: [] } as unknown as Me;
const FILE = new Blob(["0123456789"]);

/** Stands in for XMLHttpRequest: a test says what the server does. */
class FakeRequest {
  static made: FakeRequest[] = [];
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null } = { onprogress: null };
  readonly headers: Record<string, string> = {};
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  status = 0;
  statusText = "";
  responseText = "";
  path = "";
  sent: unknown;

  constructor() {
    FakeRequest.made.push(this);
  }

  open(_: string, path: string): void {
    this.path = path;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  getResponseHeader(): string {
    return this.status < 400 ? "application/json" : "application/problem+json";
  }

  send(body: unknown): void {
    this.sent = body;
  }

  abort(): void {
    this.onabort?.();
  }

  answer(status: number, body: unknown): void {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
  }
}

function newest(): FakeRequest {
  const request = FakeRequest.made.at(-1);
  if (request === undefined) {
    throw new Error("nothing was sent");
  }
  return request;
}

beforeEach(() => {
  FakeRequest.made = [];
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
});

afterEach(() => {
  session.end(null);
  vi.unstubAllGlobals();
});

test("a file goes up as it is, and tells how far it is", async () => {
  const told: unknown[] = [];
  const answered = upload("/api/v1/somewhere", FILE, (sent) => told.push(sent), new AbortController().signal);
  newest().upload.onprogress?.({ loaded: 4, total: 10 });
  newest().answer(201, { id: 7 });

  expect(await answered).toEqual({ id: 7 });
  expect(told).toEqual([{ bytes: 4, total: 10 }]);
  expect(newest().sent).toBe(FILE);
  expect(newest().headers["X-Smearflow-Page"]).toBe("1");
});

test("a refusal and a server that is away are told in words", async () => {
  const refused = upload("/x", FILE, vi.fn(), new AbortController().signal);
  newest().answer(413, { detail: "The archive is larger than 4 GB." });
  await expect(refused).rejects.toThrow("The archive is larger than 4 GB.");

  const unanswered = upload("/x", FILE, vi.fn(), new AbortController().signal);
  newest().onerror?.();
  await expect(unanswered).rejects.toThrow("The server does not answer");
});

test("one that is ended sends nothing more", async () => {
  const ending = new AbortController();
  const ended = upload("/x", FILE, vi.fn(), ending.signal);
  ending.abort();

  await expect(ended).rejects.toMatchObject({ name: "AbortError" });
  await expect(upload("/x", FILE, vi.fn(), ending.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(FakeRequest.made).toHaveLength(1);
});

test("where the session has ended, it goes up again after the log-in", async () => {
  session.begin(ME);
  const answered = upload("/x", FILE, vi.fn(), new AbortController().signal);
  newest().answer(401, { detail: "Log in." });
  await vi.waitFor(() => {
    expect(session.state.get()).toMatchObject({ expired: true });
  });
  session.begin(ME);
  await vi.waitFor(() => {
    expect(FakeRequest.made).toHaveLength(2);
  });
  newest().answer(201, { id: 8 });

  expect(await answered).toEqual({ id: 8 });
});
