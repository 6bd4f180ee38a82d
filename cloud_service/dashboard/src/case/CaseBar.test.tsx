import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { CaseDetail, CaseSummary, Me } from "../api.gen.ts";
import { MeContext } from "../session/me.ts";
import { active, onKey } from "../shortcuts/shortcuts.ts";
import { aCase } from "../worklist/testCases.ts";
import { CaseBar } from "./CaseBar.tsx";
import type { Neighbours } from "./neighbours.ts";
import type { Review } from "./useReview.ts";

const ME: Me = { user: "h.meier", role: "clinician", site: null, permissions: ["read-cases"] };
const NOTHING = { comments: [], readings: [], reports: [], checks: [], models: [], earlier: [], position: 1 };
const ALONE: Neighbours = { previous: null, next: null, place: 1, total: 1, more: false };
const saver = { flush: () => Promise.resolve(true), version: 1 };
const review = { obstacle: null, saving: { state: "saved", at: null }, saver } as unknown as Review;
const asked = vi.fn<(path: string) => void>();

beforeEach(() => {
  document.addEventListener("keydown", onKey);
  vi.stubGlobal("fetch", ({ url }: Request) => {
    asked(new URL(url).pathname);
    return new Promise(() => undefined);
  });
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  document.removeEventListener("keydown", onKey);
  asked.mockReset();
  vi.unstubAllGlobals();
});

async function show(changes: Partial<CaseSummary>, { neighbours = ALONE, me = ME } = {}): Promise<void> {
  const detail: CaseDetail = { ...aCase(1, changes), ...NOTHING };
  const root = createRootRoute({
    component: () => (
      <QueryClientProvider client={queryClient}>
        <MeContext value={me}>
          <CaseBar detail={detail} neighbours={neighbours} review={review} onUndo={vi.fn()} />
        </MeContext>
      </QueryClientProvider>
    ),
  });
  const router = createRouter({ routeTree: root, history: createMemoryHistory() });
  await router.load();
  // The page's own router is registered as the type of all of them.
  render(<RouterProvider router={router as never} />);
}

function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3600 * 1000).toISOString();
}

const release = () => screen.queryByRole("button", { name: "Release" });

test("a case that a colleague has held for half a day can be released, by those who read cases", async () => {
  await show({ held_by: "k.osei", held_since: hoursAgo(11) });
  expect(release()).toBeNull();
  cleanup();

  await show({ held_by: "k.osei", held_since: hoursAgo(13) }, { me: { ...ME, permissions: [] } });
  expect(release()).toBeNull();
  cleanup();

  await show({ held_by: ME.user, held_since: hoursAgo(1) });
  expect(release()).not.toBeNull();
  cleanup();

  await show({ held_by: "k.osei", held_since: hoursAgo(13) });
  fireEvent.click(screen.getByRole("button", { name: "Release" }));
  await vi.waitFor(() => {
    expect(asked).toHaveBeenCalledWith(`/api/v1/cases/${aCase(1).id}/release`);
  });
});

test.each([
  ["c", null],
  ["a", "2026-11-22T10:00:00Z"],
])("%s is no key any more while the case is being claimed", async (key, signed_at) => {
  await show({ signed_at });
  const keys = () => active.get().map((shortcut) => shortcut.key);
  expect(keys()).toContain(key);
  fireEvent.keyDown(document.body, { key });
  await vi.waitFor(() => {
    expect(asked).toHaveBeenCalledTimes(1);
  });
  expect(keys()).not.toContain(key);
});

test("the last case that the worklist has shown is not told as the last of all", async () => {
  await show({}, { neighbours: { previous: null, next: null, place: 50, total: 50, more: true } });
  expect(screen.getByText("50 / 50+")).toBeDefined();
  expect(screen.getByRole("link", { name: "Next case: show more cases in the worklist first" })).toBeDefined();
  expect(screen.getByRole("link", { name: "Previous case: there is none" })).toBeDefined();
});
