import type { DeviceSummary } from "../../api.gen.ts";

/** A device that needs nobody, but for `changes`. */
export function aDevice(changes: Partial<DeviceSummary> = {}): DeviceSummary {
  return {
    id: "scope-1",
    site_id: "north",
    presence: "online",
    agent_version: "0.1.0",
    last_seen_at: "2026-11-22T09:00:00Z",
    clock_skew_seconds: 0.2,
    outbox_depth: 3,
    parked: 0,
    refused_files: 0,
    refused_by_kind: {},
    free_disk_bytes: 40e9,
    paused: false,
    enrolled_at: "2026-11-01T09:00:00Z",
    disabled_at: null,
    last_command: null,
    ...changes,
  };
}
