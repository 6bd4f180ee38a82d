import type { IngestHealth, SystemHealth, WorkerHealth } from "../../api.gen.ts";
import { StateSign } from "../StateSign.tsx";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";

/** The workers and the replicas of ingest that said something within a day. */
export function Processes({ health: { workers, ingests } }: { health: SystemHealth }) {
  return (
    <>
      <section className="part" aria-labelledby="workers">
        <h2 id="workers">Workers</h2>
        {workers.length === 0 ? <None what="worker" /> : <Workers workers={workers} />}
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
  const now = useNow();
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Workers</caption>
      <thead>
        <tr>
          <th scope="col">Worker</th>
          <th scope="col">State</th>
          <th scope="col">Last heard of</th>
          <th scope="col">Model</th>
          <th scope="col" className="number">
            Holds
          </th>
          <th scope="col" className="number">
            Worked off
          </th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <tr key={worker.name}>
            <th scope="row">{worker.name}</th>
            <td data-name="State">
              <Alive alive={worker.alive} />
            </td>
            <td data-name="Last heard of">
              <When moment={worker.seen_at} now={now} />
            </td>
            <td data-name="Model">
              {worker.model ?? <span className="quiet">none loaded</span>}{" "}
              <span className="quiet">{worker.runtime}</span>
            </td>
            <td data-name="Holds" className="number">
              {worker.claimed.toLocaleString()}
            </td>
            <td data-name="Worked off" className="number">
              {worker.answered.toLocaleString()}
            </td>
            <td data-name="Started">
              <When moment={worker.started_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Ingests({ ingests }: { ingests: readonly IngestHealth[] }) {
  const now = useNow();
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Replicas of ingest</caption>
      <thead>
        <tr>
          <th scope="col">Replica</th>
          <th scope="col">State</th>
          <th scope="col">Last heard of</th>
          <th scope="col">Share of the sites</th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {ingests.map((replica) => (
          <tr key={replica.name}>
            <th scope="row">{replica.name}</th>
            <td data-name="State">
              {replica.alive && !replica.serving ? (
                <StateSign kind="trouble" words="Alive, not connected to the broker" />
              ) : (
                <Alive alive={replica.alive} />
              )}
            </td>
            <td data-name="Last heard of">
              <When moment={replica.seen_at} now={now} />
            </td>
            <td data-name="Share">
              {replica.shard === null || replica.shard_count === null
                ? "all"
                : `${String(replica.shard + 1)} of ${String(replica.shard_count)}`}
            </td>
            <td data-name="Started">
              <When moment={replica.started_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Alive({ alive }: { alive: boolean }) {
  return alive ? <StateSign kind="good" words="Alive" /> : <StateSign kind="trouble" words="Silent" />;
}
