import type { DatasetView, RecipePreset, RecipeSettings, RecipeView } from "../../api.gen.ts";
import { offered } from "./settings.ts";

/** What stands in the form. */
export interface Wish {
  readonly name: string;
  readonly settings: RecipeSettings;
  /** Ids of versions, one a name at most. */
  readonly datasets: readonly string[];
}

const NAME = "ALL";

/**
 * What the form begins with: what a former version says, with the newest versions of its data sets; else the first
 * preset, with the newest version of the only data set where there is but one.
 */
export function begun(
  presets: readonly RecipePreset[],
  recipes: readonly RecipeView[],
  datasets: readonly DatasetView[],
  former: RecipeView | null,
): Wish {
  const offers = offered(datasets);
  if (former !== null) {
    const { description, preset, network, preprocess, training, allow_leaks, datasets: named } = former.document;
    const settings = { description, preset: preset ?? null, network, preprocess, training, allow_leaks };
    const newest = named.map(({ name }) => offers.find((offer) => offer.name === name)?.versions[0]?.id);
    return { name: former.name, settings, datasets: newest.filter((id) => id !== undefined) };
  }
  const [preset] = presets;
  if (preset === undefined) {
    throw new Error("The API names no preset to begin a recipe from.");
  }
  const only = offers.length === 1 ? offers[0]?.versions[0]?.id : undefined;
  return { name: freeName(recipes), settings: preset.settings, datasets: only === undefined ? [] : [only] };
}

/** "ALL", or "ALL 2" where there is such a recipe. */
function freeName(recipes: readonly RecipeView[]): string {
  const taken = new Set(recipes.map(({ name }) => name));
  let name = NAME;
  for (let number = 2; taken.has(name); number += 1) {
    name = `${NAME} ${String(number)}`;
  }
  return name;
}
