import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { useState } from "react";

import { Asked } from "../../admin/Asked.tsx";
import { Confirm } from "../../admin/Confirm.tsx";
import { duration } from "../../admin/figures.ts";
import { StateSign } from "../../admin/StateSign.tsx";
import { useNow } from "../../admin/useNow.ts";
import type { TrainingJobView } from "../../api.gen.ts";
import { may, useMe } from "../../session/me.ts";
import { fullTime } from "../../words.ts";
import { RecipeBox } from "../recipes/RecipeBox.tsx";
import { TrainingPage } from "../TrainingPage.tsx";
import { cancelJob, jobQuery } from "./api.ts";
import { Curves } from "./Curves.tsx";
import { JobProgress } from "./JobProgress.tsx";
import { JobSubject } from "./JobSubject.tsx";
import { Log } from "./Log.tsx";
import { figuresNow, isOver, KINDS, stateInWords, SUBJECTS, subjectOf, tookSeconds } from "./words.ts";

const route = getRouteApi("/training/jobs/$jobId");

/** A job of the training queue, as it goes: progress, curves, the end of its log, and how to end it. */
export function JobPage() {
  const { jobId } = route.useParams();
  const found = useQuery(jobQuery(jobId));
  return (
    <TrainingPage
      title={found.data === undefined ? "Training" : `${KINDS[found.data.kind]}: ${subjectOf(found.data)}`}
      about="It goes on by itself when this page is closed, and takes up where it was when its worker is started anew."
      back={{ to: "/training", words: "Trainings" }}
    >
      <Asked query={found} what="the job">
        {(job) => (
          <>
            <Standing job={job} />
            {job.kind === "train" && (job.epochs.length > 0 || !isOver(job)) && <Curves epochs={job.epochs} />}
            <Log text={job.log_tail} />
            {job.kind === "train" && <RecipeBox recipeId={job.subject} />}
          </>
        )}
      </Asked>
    </TrainingPage>
  );
}

function Standing({ job }: { job: TrainingJobView }) {
  const { kind, word } = stateInWords(job);
  return (
    <section className="card training-box" aria-label="State">
      <div className="box-top">
        <div role="status">
          <StateSign kind={kind} words={word} />
        </div>
        <Cancel job={job} />
      </div>
      {job.reason !== null && <Reason job={job} reason={job.reason} />}
      <JobProgress job={job} />
      <Outcome job={job} />
      <Figures job={job} />
    </section>
  );
}

function Reason({ job, reason }: { job: TrainingJobView; reason: string }) {
  return job.state === "failed" ? (
    <p className="fault-box" role="alert">
      <span className="with-icon">
        <CircleAlert aria-hidden="true" /> {reason}
      </span>
    </p>
  ) : (
    <p className="quiet">{reason}</p>
  );
}

/** Where to go on from here. */
function Outcome({ job: { kind, state, subject, result } }: { job: TrainingJobView }) {
  if (state !== "done" || result === null) {
    return null;
  }
  if (kind === "train" && typeof result.model === "string") {
    return (
      <p>
        <Link to="/models/$digest" params={{ digest: result.model }}>
          Open the model that came out
        </Link>{" "}
        <span className="quiet">It is a candidate, and answers for no capture before it was assessed and two people agreed.</span>
      </p>
    );
  }
  if (kind === "assess" && typeof result.assessment_id === "string") {
    return (
      <p>
        <Link to="/models/$digest/comparison" params={{ digest: subject }} search={{ assessment: result.assessment_id }}>
          Read the comparison
        </Link>{" "}
        <span className="quiet">{result.passed === true ? "The model passed the gate." : "The model did not pass the gate."}</span>
      </p>
    );
  }
  return null;
}

function Figures({ job }: { job: TrainingJobView }) {
  const now = useNow();
  const took = tookSeconds(job, now);
  const figures: [name: string, value: string][] = [
    ...(job.progress !== null && job.state === "running" ? figuresNow(job.progress) : []),
    ...(took === null ? [] : [[isOver(job) ? "Took" : "For", duration(took)] as [string, string]]),
    ...(job.attempts > 1 ? [["Attempts", String(job.attempts)] as [string, string]] : []),
    ...(job.worker === null ? [] : [["Worker", job.worker] as [string, string]]),
    ["Asked for", `${fullTime(job.created_at)} by ${job.created_by}`],
  ];
  return (
    <dl className="told">
      <div>
        <dt>{SUBJECTS[job.kind]}</dt>
        <dd>
          <JobSubject job={job} />
        </dd>
      </div>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Ends it, after a question; for those who may, while there is something to end. */
function Cancel({ job }: { job: TrainingJobView }) {
  const isManager = may(useMe(), "manage-training");
  const [asking, setAsking] = useState(false);
  if (!isManager || isOver(job) || job.is_cancelling) {
    return null;
  }
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setAsking(true);
        }}
      >
        Cancel it…
      </button>
      {asking && (
        <Confirm
          title={`Cancel the job ${subjectOf(job)}?`}
          action="Cancel the job"
          doing="Cancelling…"
          isDestructive
          act={() => cancelJob(job.id)}
          onClose={() => {
            setAsking(false);
          }}
        >
          <p>It ends within seconds, and what it has worked out goes. Its log and its curves stay. It can be begun anew.</p>
        </Confirm>
      )}
    </>
  );
}
