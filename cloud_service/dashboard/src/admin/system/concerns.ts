import type { SystemHealth } from "../../api.gen.ts";
import { duration, plural, room } from "../figures.ts";

/** Something that a person should look into, and what it means. */
export interface Concern {
  readonly title: string;
  readonly words: string;
}

const WAITS_TOO_LONG_SECONDS = 60;
const UNSHOWN_TOO_LONG_SECONDS = 3600;
const SHARE_OF_DISK_TO_KEEP = 0.1;

/** What is not as it should be, the worst first; none: all is well. */
export function concerns(health: SystemHealth): Concern[] {
  return [
    ...workers(health),
    ...models(health),
    ...ingest(health),
    ...storage(health),
    ...queue(health),
    ...(health.redis
      ? []
      : [
          {
            title: "Redis does not answer",
            words: "Nothing is lost, but results come later: workers look for work on their own every few seconds.",
          },
        ]),
    ...deliveries(health),
    ...training(health),
  ];
}

function workers({ workers, queue: { waiting } }: SystemHealth): Concern[] {
  if (workers.some(({ alive }) => alive)) {
    return [];
  }
  return [
    {
      title: "No worker is alive",
      words: `Captures are taken in but not analysed; ${plural(waiting, "analysis waits", "analyses wait")}. Start one: smearflow worker.`,
    },
  ];
}

function models({ workers }: SystemHealth): Concern[] {
  const faults = new Set(workers.filter(({ alive }) => alive).flatMap(({ model_faults }) => model_faults));
  return [...faults].map((words) => ({ title: "A worker cannot load a model; the one before it answers", words }));
}

function ingest({ ingests }: SystemHealth): Concern[] {
  if (!ingests.some(({ alive }) => alive)) {
    return [{ title: "Ingest is not there", words: "Captures wait in the devices' outboxes. Start it: smearflow ingest." }];
  }
  if (!ingests.some(({ alive, serving }) => alive && serving)) {
    return [{ title: "Ingest has no broker", words: "It runs, but is not connected. Captures wait in the devices' outboxes." }];
  }
  return [];
}

function storage({ storage: { free_bytes, total_bytes } }: SystemHealth): Concern[] {
  if (free_bytes === null || total_bytes === null || free_bytes >= total_bytes * SHARE_OF_DISK_TO_KEEP) {
    return [];
  }
  return [
    {
      title: "The store of captures is nearly full",
      words: `${room(free_bytes)} of ${room(total_bytes)} are free. A full one takes no capture in; the devices keep them.`,
    },
  ];
}

function queue({ queue: { oldest_unclaimed_seconds, failed } }: SystemHealth): Concern[] {
  const found: Concern[] = [];
  if (oldest_unclaimed_seconds !== null && oldest_unclaimed_seconds > WAITS_TOO_LONG_SECONDS) {
    found.push({
      title: "Analyses wait for long",
      words: `The oldest has waited for ${duration(oldest_unclaimed_seconds)} without a worker taking it.`,
    });
  }
  if (failed > 0) {
    found.push({
      title: `${plural(failed, "analysis has", "analyses have")} failed`,
      words: "They wait for a person: see them under Captures, all days, Failed, and retry them there.",
    });
  }
  return found;
}

function training({ training: { waiting, workers } }: SystemHealth): Concern[] {
  if (waiting === 0 || workers.some(({ alive }) => alive)) {
    return [];
  }
  return [
    {
      title: "No training worker is alive",
      words: `${plural(waiting, "job waits", "jobs wait")} for one: data sets, trainings or assessments. Start it: smearflow worker --queue training.`,
    },
  ];
}

function deliveries({ deliveries: { waiting, oldest_seconds } }: SystemHealth): Concern[] {
  if (oldest_seconds === null || oldest_seconds <= UNSHOWN_TOO_LONG_SECONDS) {
    return [];
  }
  return [
    {
      title: "Results have not reached their devices",
      words: `${plural(waiting, "result waits", "results wait")}, the oldest for ${duration(oldest_seconds)}. Is a device switched off?`,
    },
  ];
}
