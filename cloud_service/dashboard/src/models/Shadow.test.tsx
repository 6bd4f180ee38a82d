import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { ModelDetail, ShadowRunView, ShadowSummary } from "../api.gen.ts";
import { Shadow } from "./Shadow.tsx";
import { aModel, at } from "./testModels.ts";
import { show } from "./testPage.tsx";
import { EVERYWHERE } from "./words.ts";

const RUN: ShadowRunView = {
  id: "1",
  model_digest: "a".repeat(64),
  scope: EVERYWHERE,
  share: 0.001,
  started_by: "a.lang",
  started_at: at(0),
  ended_by: null,
  ended_at: null,
};
const MODEL: ModelDetail = { ...aModel({ state: "shadow" }), assessments: [], card: {}, timeline: [], shadow_runs: [RUN] };

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

async function shown(mean_difference: number): Promise<string> {
  const differing = { agreement: 1, captures: 4, more_suspicious: 0, less_suspicious: 0, differing: [] };
  const summary: ShadowSummary = { ...differing, runs: [RUN], mean_difference, mean_absolute_difference: 0.1 };
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(summary)));
  await show(<Shadow model={MODEL} models={[]} />);
  return (await screen.findByText("Probability, on average")).parentElement?.textContent ?? "";
}

test("the share of the captures is told as finely as it can be chosen", async () => {
  await shown(0);
  expect(document.body.textContent).toContain("Runs: 0.1 % of the captures");
});

test("how much more or less it sees has a sign, unless it is nothing that one could read", async () => {
  for (const [difference, words] of [
    [0.031, "+ 3.1 points it sees more"],
    [-0.031, "− 3.1 points it sees less"],
    [0, "0.0 points it sees as much"],
    [-0.0004, "0.0 points it sees as much"],
  ] as const) {
    expect(await shown(difference)).toContain(words);
    cleanup();
    queryClient.clear();
  }
});
