import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Asked } from "../admin/Asked.tsx";
import { plural } from "../admin/figures.ts";
import { StateSign } from "../admin/StateSign.tsx";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { AssessmentSummary, ModelSummary, TrainingJobSummary } from "../api.gen.ts";
import { JobProgress } from "../training/jobs/JobProgress.tsx";
import { isOver, stateInWords } from "../training/jobs/words.ts";
import { assessmentsQuery } from "./api.ts";
import { useAssessJobs } from "./assessJobs.ts";
import { FailedChecks } from "./FailedChecks.tsx";
import { ModelLink } from "./ModelLink.tsx";
import { inScope } from "./words.ts";

/** How a model did at the gate, the newest first, with the way to each comparison. */
export function Assessments({ model }: { model: ModelSummary }) {
  const assessments = useQuery(assessmentsQuery(model.digest));
  return (
    <section className="card model-part" aria-labelledby="assessments-title">
      <h2 id="assessments-title">At the gate</h2>
      <Pending model={model} />
      <Asked query={assessments} what="assessments">
        {(found) =>
          found.length === 0 ? (
            <p className="quiet">Not assessed yet. It can be proposed only after it was measured beside the model in service.</p>
          ) : (
            <ul className="assessments">
              {found.map((assessment) => (
                <Assessment key={assessment.id} assessment={assessment} />
              ))}
            </ul>
          )
        }
      </Asked>
    </section>
  );
}

/** Assessments that are on their way, or went wrong since the last one; for those who may follow jobs. */
function Pending({ model }: { model: ModelSummary }) {
  const shown = useAssessJobs(model.digest).filter((job, place) => !isOver(job) || (place === 0 && job.state === "failed"));
  return shown.length === 0 ? null : (
    <ul className="assessments">
      {shown.map((job) => (
        <li key={job.id}>
          <p>
            <StateSign {...signOf(job)} />
          </p>
          <JobProgress job={job} />
          {job.reason !== null && <p className="quiet">{job.reason}</p>}
          <p>
            <Link to="/training/jobs/$jobId" params={{ jobId: job.id }}>
              Follow the assessment
            </Link>{" "}
            <span className="quiet">asked for by {job.created_by}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}

function signOf(job: TrainingJobSummary) {
  const { kind, word } = stateInWords(job);
  return { kind, words: `Assessment: ${word.toLowerCase()}` };
}

function Assessment({ assessment }: { assessment: AssessmentSummary }) {
  const now = useNow();
  const { id, model_digest, passed, failed, overtaken, scope, created_at } = assessment;
  return (
    <li>
      <p>
        <StateSign kind={passed ? "good" : "trouble"} words={passed ? "Passed" : `Not passed: ${plural(failed.length, "check")}`} />
      </p>
      {!passed && <FailedChecks titles={failed} />}
      <p>
        <Link to="/models/$digest/comparison" params={{ digest: model_digest }} search={{ assessment: id }}>
          Read the comparison
        </Link>{" "}
        <Beside assessment={assessment} /> <span className="quiet">to answer {inScope(scope)},</span>{" "}
        <When moment={created_at} now={now} />
      </p>
      {overtaken !== null && <p className="quiet">Overtaken: {overtaken}</p>}
    </li>
  );
}

function Beside({ assessment: { champion_digest: digest, champion_name: name, champion_version: version } }: { assessment: AssessmentSummary }) {
  if (digest === null || name === null) {
    return <span className="quiet">with no model in service,</span>;
  }
  return (
    <>
      with <ModelLink model={{ digest, name, version: version ?? "" }} />
    </>
  );
}
