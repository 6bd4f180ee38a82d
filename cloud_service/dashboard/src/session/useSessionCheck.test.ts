import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Me } from "../api.gen.ts";
import { FakeSource } from "../live/fakeSource.ts";
import { stream } from "../live/stream.ts";
import { session } from "./session.ts";
import { useSessionCheck } from "./useSessionCheck.ts";

const ME: Me = { user: "h.meier", role: "clinician", site: null, permissions: [] };

/** Who the browser's cookie belongs to; null: to nobody. */
let holder: Me | null;
const asked = vi.fn();
const reload = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("fetch", () => {
    asked();
    return Promise.resolve(holder === null ? Response.json({ detail: "Log in." }, { status: 401 }) : Response.json(holder));
  });
  vi.spyOn(window.location, "reload").mockImplementation(reload);
  holder = ME;
  session.begin(ME);
});

afterEach(() => {
  cleanup();
  session.end(null);
  vi.restoreAllMocks();
  vi.clearAllMocks();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function comeBack(): Promise<void> {
  window.dispatchEvent(new Event("focus"));
  await vi.advanceTimersByTimeAsync(1000);
}

test("a tab whose session another person has taken over begins anew when it is looked at again", async () => {
  renderHook(useSessionCheck);
  await comeBack();
  expect(reload).not.toHaveBeenCalled();

  holder = { ...ME, user: "a.lang" };
  await comeBack();
  expect(reload).toHaveBeenCalledOnce();
});

test("a log-in in another tab ends the waiting in this one", async () => {
  renderHook(useSessionCheck);
  holder = null;
  await comeBack();
  expect(session.state.get()).toMatchObject({ state: "open", expired: true });

  holder = ME;
  await comeBack();
  expect(session.state.get()).toMatchObject({ state: "open", expired: false });
});

test("whose session it is is asked when the stream is back too, and at most once a second", async () => {
  renderHook(useSessionCheck);
  const close = stream.open();
  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).not.toHaveBeenCalled();

  FakeSource.newest().tell("hello", { position: 7, reset: false }, 7);
  await vi.advanceTimersByTimeAsync(0);
  for (let times = 0; times < 5; times++) {
    window.dispatchEvent(new Event("focus"));
  }
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toHaveBeenCalledTimes(2);
  close();
});
