import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { useToday } from "./useToday.ts";

const EVENING = new Date(2026, 10, 22, 18);

beforeEach(() => {
  vi.useFakeTimers({ now: EVENING });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("a page that is left open goes on with the next day, and the one after it", async () => {
  const { result } = renderHook(useToday);
  await act(() => vi.advanceTimersByTimeAsync(6 * 3600_000 + 30_000));
  expect(result.current).toBe("2026-11-23");

  await act(() => vi.advanceTimersByTimeAsync(24 * 3600_000));
  expect(result.current).toBe("2026-11-24");
});

test("a computer that slept over midnight shows the new day soon", async () => {
  const { result } = renderHook(useToday);
  vi.setSystemTime(new Date(2026, 10, 23, 7)); // the clock went on, and the timers did not
  await act(() => vi.advanceTimersByTimeAsync(30_000));

  expect(result.current).toBe("2026-11-23");
});
