import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GraduationCap } from "lucide-react";

import { Asked } from "../../admin/Asked.tsx";
import type { TrainingJobSummary } from "../../api.gen.ts";
import { may, useMe } from "../../session/me.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import { jobsQuery, NEWEST_JOBS } from "./api.ts";
import { JobTable } from "./JobTable.tsx";
import { isOver } from "./words.ts";

/** The jobs of the training queue: those under way, those that wait, and what became of the others. */
export function JobsPage() {
  const jobs = useQuery(jobsQuery);
  const isManager = may(useMe(), "manage-training");
  return (
    <TrainingPage
      title="Trainings"
      about="Trainings and other long work on data sets and models: a worker takes one after the other; captures go first."
      actions={
        isManager && (
          <Link to="/training/new" className="button primary">
            <GraduationCap aria-hidden="true" /> New training…
          </Link>
        )
      }
    >
      <Asked query={jobs} what="trainings">
        {(found) => <Jobs jobs={found} />}
      </Asked>
    </TrainingPage>
  );
}

function Jobs({ jobs }: { jobs: readonly TrainingJobSummary[] }) {
  const open = jobs.filter((job) => !isOver(job)).reverse();
  const ended = jobs.filter(isOver);
  if (jobs.length === 0) {
    return (
      <div className="nothing">
        <h2>No training yet</h2>
        <p className="quiet">
          Import a data set first; then choose “New training…”. What comes out is a candidate: it answers for no capture before it
          was measured on locked test sets and two people agreed.
        </p>
      </div>
    );
  }
  return (
    <>
      {open.length > 0 && (
        <section className="part" aria-labelledby="open-jobs">
          <h2 id="open-jobs">Under way</h2>
          <JobTable caption="Jobs under way, the oldest first" jobs={open} />
        </section>
      )}
      {ended.length > 0 && (
        <section className="part" aria-labelledby="ended-jobs">
          <h2 id="ended-jobs">Ended</h2>
          <JobTable caption="Jobs that have ended, the newest first" jobs={ended} />
        </section>
      )}
      {jobs.length === NEWEST_JOBS && <p className="quiet">The newest {NEWEST_JOBS} are shown.</p>}
    </>
  );
}
