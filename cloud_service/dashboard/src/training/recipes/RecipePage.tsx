import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { GraduationCap, PenLine } from "lucide-react";

import { Refusal } from "../../admin/DialogForm.tsx";
import { may, useMe } from "../../session/me.ts";
import { fullTime } from "../../words.ts";
import { startJob } from "../jobs/api.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import { recipeQuery } from "./api.ts";
import { RecipeBox } from "./RecipeBox.tsx";
import { Trainings } from "./Trainings.tsx";

const route = getRouteApi("/training/recipes/$recipeId");

/** One version of a recipe, and the trainings by it. */
export function RecipePage() {
  const { recipeId } = route.useParams();
  const found = useQuery(recipeQuery(recipeId));
  const isManager = may(useMe(), "manage-training");
  const recipe = found.data;
  return (
    <TrainingPage
      title={recipe === undefined ? "Recipe" : `${recipe.name}, version ${String(recipe.number)}`}
      about={recipe === undefined ? "It never changes." : `Kept by ${recipe.created_by}, ${fullTime(recipe.created_at)}. It never changes.`}
      back={{ to: "/training/recipes", words: "Recipes" }}
      actions={isManager && recipe !== undefined && <Deeds recipeId={recipeId} />}
    >
      <RecipeBox recipeId={recipeId} />
      <Trainings recipeId={recipeId} />
    </TrainingPage>
  );
}

function Deeds({ recipeId }: { recipeId: string }) {
  const navigate = useNavigate();
  const training = useMutation({
    mutationFn: () => startJob(recipeId),
    onSuccess: ({ id }) => navigate({ to: "/training/jobs/$jobId", params: { jobId: id } }),
  });
  return (
    <>
      <Link to="/training/new" search={{ recipe: recipeId }} className="button">
        <PenLine aria-hidden="true" /> Train with changes…
      </Link>
      <button
        type="button"
        className="primary"
        disabled={training.isPending}
        onClick={() => {
          training.mutate();
        }}
      >
        <GraduationCap aria-hidden="true" /> {training.isPending ? "Starting…" : "Train"}
      </button>
      <Refusal error={training.error} />
    </>
  );
}
