import type { IngestHealth, SystemHealth, TrainingWorkerHealth, WorkerHealth } from "../../api.gen.ts";
import { StateSign } from "../StateSign.tsx";
import { EngineNotes } from "./EngineNotes.tsx";
import { ProcessTable } from "./ProcessTable.tsx";

/** The workers and the replicas of ingest that said something within a day. */
export function Processes({ health: { workers, training, ingests } }: { health: SystemHealth }) {
  return (
    <>
      <section className="part" aria-labelledby="workers">
        <h2 id="workers">Workers</h2>
        {workers.length === 0 ? <None what="worker" /> : <Workers workers={workers} />}
      </section>
      <EngineNotes workers={workers} />
      <section className="part" aria-labelledby="training-workers">
        <h2 id="training-workers">Training workers</h2>
        {training.workers.length === 0 ? (
          <None what="training worker" />
        ) : (
          <TrainingWorkers workers={training.workers} />
        )}
      </section>
      <section className="part" aria-labelledby="ingests">
        <h2 id="ingests">Ingest</h2>
        {ingests.length === 0 ? <None what="replica of ingest" /> : <Ingests ingests={ingests} />}
      </section>
    </>
  );
}

function None({ what }: { what: string }) {
  return <p className="nothing-yet">No {what} said anything within a day.</p>;
}

function Workers({ workers }: { workers: readonly WorkerHealth[] }) {
  return (
    <ProcessTable
      caption="Workers"
      kind="Worker"
      processes={workers}
      state={({ alive }) => <Alive alive={alive} />}
      columns={[
        { head: "Model", cell: (worker) => <Models worker={worker} /> },
        { head: "Holds", number: true, cell: ({ claimed }) => claimed.toLocaleString("en") },
        { head: "Worked off", number: true, cell: ({ answered }) => answered.toLocaleString("en") },
      ]}
    />
  );
}

/** What a worker answers with, and what it could not load: the model before goes on then, which nobody else would notice. */
function Models({ worker: { model, runtime, models, model_faults: faults } }: { worker: WorkerHealth }) {
  return (
    <>
      {model ?? <span className="quiet">none loaded</span>} <span className="quiet">{runtime}</span>
      {models
        .filter(({ scope }) => scope !== "*")
        .map(({ scope, model: own }) => (
          <div key={scope}>
            {own} <span className="quiet">at site {scope}</span>
          </div>
        ))}
      {faults.length > 0 && <StateSign kind="trouble" words="A model cannot be loaded, see above" />}
    </>
  );
}

const WORK = {
  "check-import": "checks a data set",
  import: "keeps a data set",
  train: "trains",
  assess: "assesses a model",
} as const;

function TrainingWorkers({ workers }: { workers: readonly TrainingWorkerHealth[] }) {
  return (
    <ProcessTable
      caption="Training workers"
      kind="Worker"
      processes={workers}
      state={({ alive }) => <Alive alive={alive} />}
      columns={[
        {
          head: "Now",
          cell: ({ job_kind: kind }) => (kind === null ? <span className="quiet">idle</span> : WORK[kind]),
        },
        { head: "Threads", number: true, cell: ({ threads }) => threads?.toLocaleString("en") ?? "–" },
        { head: "Jobs begun", number: true, cell: ({ begun }) => begun.toLocaleString("en") },
      ]}
    />
  );
}

function Ingests({ ingests }: { ingests: readonly IngestHealth[] }) {
  return (
    <ProcessTable
      caption="Replicas of ingest"
      kind="Replica"
      processes={ingests}
      state={({ alive, serving }) =>
        alive && !serving ? (
          <StateSign kind="trouble" words="Alive, not connected to the broker" />
        ) : (
          <Alive alive={alive} />
        )
      }
      columns={[
        {
          head: "Share of the sites",
          cell: ({ shard, shard_count: count }) =>
            shard === null || count === null ? "all" : `${String(shard + 1)} of ${String(count)}`,
        },
      ]}
    />
  );
}

function Alive({ alive }: { alive: boolean }) {
  return alive ? <StateSign kind="good" words="Alive" /> : <StateSign kind="trouble" words="Silent" />;
}
