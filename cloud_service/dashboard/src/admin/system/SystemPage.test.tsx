import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { SystemPage } from "./SystemPage.tsx";
import { WELL } from "./testHealth.ts";

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("each concern stands for itself, and what is announced does not change with the clock", async () => {
  const complained = vi.spyOn(console, "error").mockImplementation(vi.fn());
  const workers = WELL.workers.map((worker) => ({ ...worker, model_faults: ["north: no weights.", "south: no card."] }));
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ ...WELL, event_position: 1_234_567, workers })));
  render(
    <QueryClientProvider client={queryClient}>
      <SystemPage />
    </QueryClientProvider>,
  );

  expect(await screen.findByText("1,234,567")).toBeDefined();
  const state = screen.getByRole("status");
  expect(state.querySelectorAll("li")).toHaveLength(2);
  expect(state.textContent).not.toContain("As of");
  expect(screen.getByText(/^As of/)).toBeDefined();
  expect(complained).not.toHaveBeenCalled();
});
