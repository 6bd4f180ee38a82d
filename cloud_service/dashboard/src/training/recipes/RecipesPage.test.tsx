import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { show } from "../../models/testPage.tsx";
import { aRecipe } from "../testRecipes.ts";
import { recipesQuery, schedulesQuery } from "./api.ts";
import { RecipesPage } from "./RecipesPage.tsx";

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

test("schedules that could not be loaded are not told as none, and none is set in place of one", async () => {
  vi.stubGlobal("fetch", ({ url }: Request) =>
    Promise.resolve(
      url.endsWith("/schedules") ? Response.json({ detail: "Not to you." }, { status: 403 }) : Response.json([aRecipe()]),
    ),
  );
  await show(<RecipesPage />, ["see-training", "manage-training"]);

  expect((await screen.findByRole("alert")).textContent).toContain("Not to you.");
  expect(screen.queryByRole("table")).toBeNull();
});

test("what another has kept or set since the page was last open is shown, though no event tells of it", async () => {
  queryClient.setQueryData(recipesQuery.queryKey, [aRecipe()]);
  queryClient.setQueryData(schedulesQuery.queryKey, []);
  const schedule = { recipe_name: "ALL", every_days: 7, next_at: "2026-11-29T09:00:00Z", set_by: "admin", set_at: "2026-11-22T09:00:00Z" };
  vi.stubGlobal("fetch", ({ url }: Request) =>
    Promise.resolve(Response.json(url.endsWith("/schedules") ? [schedule] : [aRecipe({ id: "s", number: 2 }), aRecipe()])),
  );
  await show(<RecipesPage />, ["see-training"]);

  expect((await screen.findByRole("row", { name: /ALL, version 2/ })).textContent).toContain("ALL, version 2");
  expect(await screen.findByText(/every 7 days/)).toBeDefined();
});
