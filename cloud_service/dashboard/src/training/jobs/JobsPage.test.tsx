import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { show } from "../../models/testPage.tsx";
import { aJob } from "../testJobs.ts";
import { NEWEST_JOBS } from "./api.ts";
import { JobsPage } from "./JobsPage.tsx";

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

async function listed(count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, place) => aJob({ id: String(place), state: "done" }));
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(jobs)));
  await show(<JobsPage />, ["see-training"]);
  await screen.findByRole("region", { name: "Ended" });
}

test("a list that is cut says so", async () => {
  await listed(NEWEST_JOBS);
  expect(screen.getByText("The newest 100 are shown.")).toBeDefined();
});

test("a list that is whole does not", async () => {
  await listed(NEWEST_JOBS - 1);
  expect(screen.queryByText("The newest 100 are shown.")).toBeNull();
});
