import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { Asked } from "../../admin/Asked.tsx";
import { datasetsQuery } from "../datasets/api.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import { presetsQuery, recipesQuery } from "./api.ts";
import { RecipeForm } from "./RecipeForm.tsx";

const route = getRouteApi("/training/new");

/** A new training: a recipe from a preset, or the next version of one that is there. */
export function NewTrainingPage() {
  const { recipe } = route.useSearch();
  const presets = useQuery(presetsQuery);
  const recipes = useQuery(recipesQuery);
  const datasets = useQuery(datasetsQuery);
  return (
    <TrainingPage
      title="New training"
      about="A recipe says all that decides what comes out. It is kept as a version that never changes, and then trained."
      back={{ to: "/training", words: "Trainings" }}
    >
      <Asked query={presets} what="presets">
        {(known) => (
          <Asked query={recipes} what="recipes">
            {(kept) => (
              <Asked query={datasets} what="data sets">
                {(versions) => (
                  <RecipeForm key={recipe} presets={known} recipes={kept} datasets={versions} former={kept.find(({ id }) => id === recipe) ?? null} />
                )}
              </Asked>
            )}
          </Asked>
        )}
      </Asked>
    </TrainingPage>
  );
}
