import { describe, expect, test } from "vitest";

import type { SystemHealth } from "../../api.gen.ts";
import { concerns } from "./concerns.ts";
import { WELL } from "./testHealth.ts";

function titles(changes: Partial<SystemHealth>): string[] {
  return concerns({ ...WELL, ...changes }).map(({ title }) => title);
}

describe("the system", () => {
  test("that is well gives no concern", () => {
    expect(titles({})).toEqual([]);
    expect(titles({ storage: { kind: "s3", free_bytes: null, total_bytes: null } })).toEqual([]);
  });

  test("without a worker or ingest says so before all else", () => {
    const dead = WELL.workers.map((worker) => ({ ...worker, alive: false }));
    const queue = { waiting: 1, claimed: 0, failed: 0, oldest_unclaimed_seconds: 7260 };

    const found = concerns({ ...WELL, workers: dead, ingests: [], queue });
    expect(found.map(({ title }) => title)).toEqual([
      "No worker is alive",
      "Ingest is not there",
      "Analyses wait for long",
    ]);
    expect(found[0]?.words).toContain("1 analysis waits.");
    expect(found[2]?.words).toContain("2 h 1 min");
  });

  test("says once what several workers could not load", () => {
    const faulty = WELL.workers.map((worker) => ({ ...worker, model_faults: ["The package has changed."] }));

    const found = concerns({ ...WELL, workers: [...faulty, ...faulty] });
    expect(found.map(({ words }) => words)).toEqual(["The package has changed."]);
    expect(titles({ workers: [...WELL.workers, ...faulty.map((worker) => ({ ...worker, alive: false }))] })).toEqual([]);
  });

  test("misses a training worker only where something waits for one", () => {
    const alone = { ...WELL.training, workers: [] };

    expect(titles({ training: alone })).toEqual([]);
    expect(titles({ training: { ...alone, waiting: 2, oldest_unclaimed_seconds: 1 } })).toEqual([
      "No training worker is alive",
    ]);
  });

  test("names every other trouble", () => {
    expect(titles({ ingests: WELL.ingests.map((one) => ({ ...one, serving: false })) })).toEqual(["Ingest has no broker"]);
    expect(titles({ redis: false })).toEqual(["Redis does not answer"]);
    expect(titles({ storage: { kind: "folder", free_bytes: 9e10, total_bytes: 1e12 } })).toEqual([
      "The store of captures is nearly full",
    ]);
    expect(titles({ queue: { ...WELL.queue, failed: 2 } })).toEqual(["2 analyses have failed"]);
    expect(titles({ deliveries: { waiting: 4, oldest_seconds: 4000 } })).toEqual([
      "Results have not reached their devices",
    ]);
  });
});
