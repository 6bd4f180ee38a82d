import { useQuery } from "@tanstack/react-query";

import { Asked } from "../../admin/Asked.tsx";
import { NEWEST_TRAININGS, trainingsQuery } from "../jobs/api.ts";
import { JobTable } from "../jobs/JobTable.tsx";

/** What was trained by the version, as far back as the newest trainings of all recipes reach. */
export function Trainings({ recipeId }: { recipeId: string }) {
  const trainings = useQuery(trainingsQuery);
  return (
    <Asked query={trainings} what="trainings">
      {(all) => {
        const own = all.filter(({ subject }) => subject === recipeId);
        const isCut = all.length === NEWEST_TRAININGS;
        return (
          <section className="part" aria-labelledby="by-it">
            <h2 id="by-it">Trainings by it</h2>
            {own.length === 0 ? (
              <p className="quiet">{isCut ? "None of late." : "None yet."}</p>
            ) : (
              <JobTable caption="Trainings by this version" jobs={own} />
            )}
            {isCut && <p className="quiet">The newest {NEWEST_TRAININGS} trainings of all recipes were looked at.</p>}
          </section>
        );
      }}
    </Asked>
  );
}
