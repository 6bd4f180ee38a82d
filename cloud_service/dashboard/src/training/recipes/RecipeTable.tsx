import { Link, useNavigate } from "@tanstack/react-router";

import { plural } from "../../admin/figures.ts";
import { RowMenu } from "../../admin/RowMenu.tsx";
import { useNow } from "../../admin/useNow.ts";
import { When } from "../../admin/When.tsx";
import type { RecipeView, ScheduleView } from "../../api.gen.ts";

export type RecipeDeed =
  | { what: "again"; recipe: RecipeView }
  | { what: "schedule"; recipe: RecipeView; schedule: ScheduleView | null }
  | { what: "end-schedule"; recipe: RecipeView };

interface Props {
  /** Every version: by name, in it the newest one first. */
  recipes: readonly RecipeView[];
  schedules: readonly ScheduleView[];
  /** Null for those who may not. */
  onDeed: ((deed: RecipeDeed) => void) | null;
}

/** The newest version of each recipe. */
export function RecipeTable({ recipes, schedules, onDeed }: Props) {
  const newest = recipes.filter(({ name }, place) => recipes.findIndex((one) => one.name === name) === place);
  if (newest.length === 0) {
    return (
      <div className="nothing">
        <h2>No recipe yet</h2>
        <p className="quiet">A recipe is kept when a training is begun. It can then be trained again with newer images.</p>
      </div>
    );
  }
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Recipes, the newest version of each</caption>
      <thead>
        <tr>
          <th scope="col">Recipe</th>
          <th scope="col">Data sets</th>
          <th scope="col">By itself</th>
          <th scope="col">Kept</th>
          {onDeed !== null && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {newest.map((recipe) => (
          <Row key={recipe.id} recipe={recipe} schedule={schedules.find((one) => one.recipe_name === recipe.name) ?? null} onDeed={onDeed} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  recipe: RecipeView;
  schedule: ScheduleView | null;
  onDeed: Props["onDeed"];
}

function Row({ recipe, schedule, onDeed }: RowProps) {
  const now = useNow();
  return (
    <tr data-recipe={recipe.name}>
      <th scope="row">
        <Link to="/training/recipes/$recipeId" params={{ recipeId: recipe.id }}>
          {recipe.name}, version {recipe.number}
        </Link>
        {recipe.document.description !== "" && <span className="quiet about">{recipe.document.description}</span>}
      </th>
      <td data-name="Data sets">{recipe.document.datasets.map(({ name, number }) => `${name} ${String(number)}`).join(", ")}</td>
      <td data-name="By itself">
        {schedule === null ? (
          <span className="quiet">no</span>
        ) : (
          <span>
            every {plural(schedule.every_days, "day")}, next <When moment={schedule.next_at} now={now} />
          </span>
        )}
      </td>
      <td data-name="Kept">
        <span>
          <When moment={recipe.created_at} now={now} /> <span className="quiet">by {recipe.created_by}</span>
        </span>
      </td>
      {onDeed !== null && (
        <td className="row-actions">
          <Deeds recipe={recipe} schedule={schedule} onDeed={onDeed} />
        </td>
      )}
    </tr>
  );
}

function Deeds({ recipe, schedule, onDeed }: RowProps & { onDeed: (deed: RecipeDeed) => void }) {
  const navigate = useNavigate();
  return (
    <RowMenu
      name={recipe.name}
      deeds={[
        {
          name: "Train again with the newest signed cases…",
          onChoose: () => {
            onDeed({ what: "again", recipe });
          },
        },
        { name: "Train with changes…", onChoose: () => void navigate({ to: "/training/new", search: { recipe: recipe.id } }) },
        {
          name: schedule === null ? "Train by itself…" : "Change the schedule…",
          onChoose: () => {
            onDeed({ what: "schedule", recipe, schedule });
          },
        },
        ...(schedule === null
          ? []
          : [
              {
                name: "End the schedule…",
                onChoose: () => {
                  onDeed({ what: "end-schedule", recipe });
                },
              },
            ]),
      ]}
    />
  );
}
