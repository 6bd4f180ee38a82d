import { cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { show } from "../../models/testPage.tsx";
import { aRecipe } from "../testRecipes.ts";
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
