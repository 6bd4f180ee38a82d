import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { show } from "../../models/testPage.tsx";
import { NEWEST_TRAININGS, takeIn } from "../jobs/api.ts";
import { aJob } from "../testJobs.ts";
import { Trainings } from "./Trainings.tsx";

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

/** A server that has so many trainings by another recipe, newer than those of "r". */
function serve(others: number): string[] {
  const asked: string[] = [];
  const jobs = Array.from({ length: others }, (_, place) => aJob({ id: `other-${String(place)}`, subject: "other" }));
  vi.stubGlobal("fetch", ({ url }: Request) => {
    asked.push(new URL(url).search);
    return Promise.resolve(Response.json([...jobs, aJob({ subject: "r", subject_name: "cells 3" })].slice(0, NEWEST_TRAININGS)));
  });
  return asked;
}

test("a recipe's trainings are looked for among trainings alone, and events change them", async () => {
  const asked = serve(120);
  await show(<Trainings recipeId="r" />);

  expect((await screen.findByRole("row", { name: /cells 3/ })).textContent).toContain("Waits");
  expect(asked).toEqual(["?kind=train&limit=500"]);
  expect(screen.queryByText(/^The newest/)).toBeNull();
  takeIn([aJob({ subject: "r", state: "running" })]);
  expect((await screen.findByText("Under way")).textContent).toBe("Under way");
});

test("where there are more trainings than are told, none by a recipe does not mean that there was none", async () => {
  serve(NEWEST_TRAININGS);
  await show(<Trainings recipeId="r" />);

  expect(await screen.findByText("None of late.")).toBeDefined();
  expect(screen.getByText("The newest 500 trainings of all recipes were looked at.")).toBeDefined();
});
