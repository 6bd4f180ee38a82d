import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { RecipeDraft, RecipePreset, RecipeView, ScheduleView } from "../../api.gen.ts";
import { keys, loadAnew } from "../../api/queries.ts";

// openapi-fetch makes lists of the document's tuples (filters, colours), so the answers are named by their types here.

/** Every version of every recipe: by name, in it the newest version first. */
export const recipesQuery = queryOptions({
  queryKey: [...keys.recipes, "all"] as const,
  queryFn: () => answer(api.GET("/api/v1/training/recipes")) as Promise<RecipeView[]>,
  // One is kept without an event.
  staleTime: 0,
});

export const presetsQuery = queryOptions({
  queryKey: [...keys.recipes, "presets"] as const,
  queryFn: () => answer(api.GET("/api/v1/training/recipes/defaults")) as Promise<RecipePreset[]>,
});

export function recipeQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.recipes, "one", id] as const,
    queryFn: () =>
      answer(api.GET("/api/v1/training/recipes/{recipe_id}", { params: { path: { recipe_id: id } } })) as Promise<RecipeView>,
  });
}

export const schedulesQuery = queryOptions({
  queryKey: [...keys.recipes, "schedules"] as const,
  queryFn: () => answer(api.GET("/api/v1/training/schedules")),
  // They are set and ended without an event.
  staleTime: 0,
});

/** What a training would take; while the next answer is on its way, the former one stays. */
export function estimateQuery(draft: RecipeDraft) {
  return queryOptions({
    queryKey: [...keys.recipes, "estimate", draft] as const,
    queryFn: () => answer(api.POST("/api/v1/training/estimate", { body: { document: draft } })),
    placeholderData: keepPreviousData,
    // Each training that ends measures anew.
    staleTime: 60_000,
  });
}

/** Keeps a recipe as the next version of its name; where it says nothing new, the newest version is returned. */
export function saveRecipe(name: string, document: RecipeDraft): Promise<RecipeView> {
  return listedAnew(answer(api.POST("/api/v1/training/recipes", { body: { name, document } })) as Promise<RecipeView>);
}

export function setSchedule(recipeName: string, everyDays: number): Promise<ScheduleView> {
  const params = { path: { recipe_name: recipeName } };
  return listedAnew(answer(api.PUT("/api/v1/training/schedules/{recipe_name}", { params, body: { every_days: everyDays } })));
}

export function endSchedule(recipeName: string): Promise<unknown> {
  return listedAnew(answer(api.DELETE("/api/v1/training/schedules/{recipe_name}", { params: { path: { recipe_name: recipeName } } })));
}

async function listedAnew<Answer>(change: Promise<Answer>): Promise<Answer> {
  const answered = await change;
  await loadAnew(keys.recipes);
  return answered;
}
