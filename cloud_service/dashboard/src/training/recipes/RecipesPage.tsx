import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { GraduationCap } from "lucide-react";
import { useState } from "react";

import { Asked } from "../../admin/Asked.tsx";
import { Confirm } from "../../admin/Confirm.tsx";
import { may, useMe } from "../../session/me.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import { trainAgain } from "../jobs/api.ts";
import { endSchedule, recipesQuery, schedulesQuery } from "./api.ts";
import { type RecipeDeed, RecipeTable } from "./RecipeTable.tsx";
import { Schedule } from "./Schedule.tsx";

/** The recipes: each with its newest version, when it is trained by itself, and what can be done with it. */
export function RecipesPage() {
  const recipes = useQuery(recipesQuery);
  const schedules = useQuery(schedulesQuery);
  const isManager = may(useMe(), "manage-training");
  const [deed, setDeed] = useState<RecipeDeed | null>(null);
  const close = () => {
    setDeed(null);
  };
  return (
    <TrainingPage
      title="Recipes"
      about="All that decides what a training returns: network, settings, seed, and versions of data sets. The same recipe gives the same model."
      actions={
        isManager && (
          <Link to="/training/new" className="button primary">
            <GraduationCap aria-hidden="true" /> New training…
          </Link>
        )
      }
    >
      <Asked query={recipes} what="recipes">
        {(found) => (
          <Asked query={schedules} what="schedules">
            {(planned) => <RecipeTable recipes={found} schedules={planned} onDeed={isManager ? setDeed : null} />}
          </Asked>
        )}
      </Asked>
      {deed?.what === "again" && <Again name={deed.recipe.name} onClose={close} />}
      {deed?.what === "schedule" && <Schedule name={deed.recipe.name} schedule={deed.schedule} onClose={close} />}
      {deed?.what === "end-schedule" && (
        <Confirm
          title={`Train ${deed.recipe.name} by itself no more?`}
          action="End the schedule"
          doing="Ending…"
          act={() => endSchedule(deed.recipe.name)}
          onClose={close}
        >
          <p>Trainings that are under way go on. It can still be trained by hand, and a schedule can be set again.</p>
        </Confirm>
      )}
    </TrainingPage>
  );
}

function Again({ name, onClose }: { name: string; onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Confirm
      title={`Train ${name} again?`}
      action="Train again"
      doing="Starting…"
      act={async () => {
        const { id } = await trainAgain(name);
        await navigate({ to: "/training/jobs/$jobId", params: { jobId: id } });
      }}
      onClose={onClose}
    >
      <p>
        The images of all cases that are signed by now become a new version of their data set. With it the recipe gets a new
        version, and is trained by it. All else stays as it was.
      </p>
    </Confirm>
  );
}
