import { act, cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";

import type { CaseDetail, Me } from "../api.gen.ts";
import { MeContext } from "../session/me.ts";
import { aCase } from "../worklist/testCases.ts";
import { useReview } from "./useReview.ts";
import { markOpened } from "./wire.ts";

vi.mock("./wire.ts", async (original) => ({ ...(await original()), markOpened: vi.fn() }));

const ME = { user: "h.meier", permissions: ["read-cases"] } as unknown as Me;
const NOTHING = { comments: [], readings: [], reports: [], checks: [], models: [], earlier: [], position: 1 };
const DETAIL: CaseDetail = { ...aCase(1, { held_by: ME.user, state: "claimed", version: 3 }), ...NOTHING };

function as({ children }: { children: ReactNode }) {
  return createElement(MeContext, { value: ME }, children);
}

afterEach(() => {
  cleanup();
  vi.mocked(markOpened).mockReset();
});

test("what is on its way when all is to be settled is waited for, and what was shown meanwhile is sent too", async () => {
  const arrive: (() => void)[] = [];
  vi.mocked(markOpened).mockImplementation(() => new Promise((resolve) => arrive.push(resolve)));
  const { result } = renderHook(() => useReview(DETAIL), { wrapper: as });
  act(() => {
    result.current.noteShown("a");
  });
  act(() => {
    result.current.noteShown("b");
  });
  const settled = vi.fn();
  await act(async () => {
    void result.current.settle().then(settled);
    await Promise.resolve();
  });
  expect(settled).not.toHaveBeenCalled();

  await act(async () => {
    arrive[0]?.();
    await vi.waitFor(() => {
      expect(arrive.length).toBe(2);
    });
    arrive[1]?.();
    await vi.waitFor(() => {
      expect(settled).toHaveBeenCalled();
    });
  });
  expect(settled).toHaveBeenCalledWith(true);
  expect(vi.mocked(markOpened).mock.calls.map(([, image]) => image)).toEqual(["a", "b"]);
});

test("an image whose note is lost is sent again with the next one", async () => {
  vi.mocked(markOpened).mockRejectedValueOnce(new Error("away")).mockResolvedValue();
  const { result } = renderHook(() => useReview(DETAIL), { wrapper: as });
  await act(async () => {
    result.current.noteShown("a");
    await Promise.resolve();
  });
  await act(async () => {
    result.current.noteShown("b");
    await Promise.resolve();
  });

  await vi.waitFor(() => {
    expect(vi.mocked(markOpened).mock.calls.map(([, image]) => image)).toEqual(["a", "a", "b"]);
  });
});

test("nothing is noted of a case that nobody holds, and so nothing is missing", async () => {
  const { result } = renderHook(() => useReview({ ...DETAIL, held_by: null, state: "preliminary" }), { wrapper: as });
  act(() => {
    result.current.noteShown("a");
  });
  await expect(result.current.settle()).resolves.toBe(true);
  expect(markOpened).not.toHaveBeenCalled();
});
