import type { SystemHealth } from "../../api.gen.ts";

const AT = "2026-11-22T09:00:00Z";

/** A system that needs nobody. */
export const WELL: SystemHealth = {
  version: "0.1.0",
  at: AT,
  database: "postgresql",
  redis: true,
  queue: { waiting: 0, claimed: 2, failed: 0, oldest_unclaimed_seconds: null },
  workers: [
    {
      name: "cloud-1:7",
      alive: true,
      started_at: AT,
      seen_at: AT,
      model: "se-cnn demo-1",
      model_digest: "d".repeat(64),
      runtime: "onnxruntime",
      models: [],
      model_faults: [],
      engine_notes: [],
      claimed: 2,
      answered: 40,
    },
  ],
  training: {
    waiting: 0,
    running: 0,
    failed: 0,
    oldest_unclaimed_seconds: null,
    workers: [
      {
        name: "cloud-1:8",
        alive: true,
        started_at: AT,
        seen_at: AT,
        job_id: null,
        job_kind: null,
        threads: 1,
        begun: 0,
      },
    ],
  },
  ingests: [{ name: "ingest-0", alive: true, started_at: AT, seen_at: AT, shard: 0, shard_count: 1, serving: true }],
  devices: { enrolled: 3, online: 2 },
  deliveries: { waiting: 1, oldest_seconds: 5 },
  event_position: 100,
  storage: { kind: "folder", free_bytes: 6e11, total_bytes: 1e12 },
};
