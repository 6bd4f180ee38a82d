import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/queries.ts";
import { show } from "../../models/testPage.tsx";
import { aDataset, aPreset } from "../testRecipes.ts";
import { RecipeForm } from "./RecipeForm.tsx";

const asked = vi.fn<(request: Request) => void>();

beforeEach(() => {
  vi.stubGlobal("fetch", (request: Request) => {
    asked(request);
    return Promise.resolve(Response.json({ detail: "Not now." }, { status: 409 }));
  });
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  asked.mockClear();
  vi.unstubAllGlobals();
});

function form(datasets = [aDataset()]) {
  return <RecipeForm presets={[aPreset()]} recipes={[]} datasets={datasets} former={null} />;
}

test("a number that is refused is unfolded, so that the browser can say what is wrong with it", async () => {
  await show(form());
  const batch = screen.getByLabelText<HTMLInputElement>("Batch");
  const user = userEvent.setup();
  await user.clear(batch);
  await user.type(batch, "1");
  const fold = batch.closest("details");
  expect(fold?.open).toBe(false);
  await user.click(screen.getByRole("button", { name: "Train" }));

  expect(fold?.open).toBe(true);
  expect(asked.mock.calls.some(([{ url }]) => url.endsWith("/training/recipes"))).toBe(false);
});

test("without an estimate it is said what it needs: data sets, and no empty number", async () => {
  await show(form([]));
  expect(screen.getByRole("status").textContent).toBe("Choose data sets and leave no number empty, and the estimate stands here.");
});
