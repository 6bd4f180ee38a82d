import { Link } from "@tanstack/react-router";

import { duration } from "../../admin/figures.ts";
import { StateSign } from "../../admin/StateSign.tsx";
import { useNow } from "../../admin/useNow.ts";
import { When } from "../../admin/When.tsx";
import type { TrainingJobSummary } from "../../api.gen.ts";
import { JobProgress } from "./JobProgress.tsx";
import { isOver, KINDS, stateInWords, subjectOf, tookSeconds } from "./words.ts";

interface Props {
  caption: string;
  jobs: readonly TrainingJobSummary[];
}

/** Jobs of the training queue, each with how far it is or what became of it. */
export function JobTable({ caption, jobs }: Props) {
  const now = useNow();
  return (
    <table className="plain stacking jobs">
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">State</th>
          <th scope="col">By</th>
          <th scope="col">Asked for</th>
          <th scope="col" className="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <Row key={job.id} job={job} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ job, now }: { job: TrainingJobSummary; now: Date }) {
  const { kind, word } = stateInWords(job);
  const took = tookSeconds(job, now);
  return (
    <tr data-job={job.id}>
      <th scope="row">
        <Link to="/training/jobs/$jobId" params={{ jobId: job.id }}>
          {KINDS[job.kind]}: {subjectOf(job)}
        </Link>
      </th>
      <td data-name="State" className="job-state">
        <div className="signs">
          <StateSign kind={kind} words={word} />
          <JobProgress job={job} />
          {job.reason !== null && <span className="quiet">{job.reason}</span>}
        </div>
      </td>
      <td data-name="By">{job.created_by}</td>
      <td data-name="Asked for">
        <When moment={job.created_at} now={now} />
      </td>
      <td data-name="Took" className="number">
        {took === null ? <span className="quiet">–</span> : <span className={isOver(job) ? undefined : "quiet"}>{duration(took)}</span>}
      </td>
    </tr>
  );
}
