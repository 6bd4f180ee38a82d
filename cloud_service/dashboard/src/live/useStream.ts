import { useEffect, useEffectEvent } from "react";

import { keys, queryClient } from "../api/queries.ts";
import { useStore } from "../store.ts";
import { takeIn } from "../training/jobs/api.ts";
import { type Connection, type Hello, type Kind, stream, type Told } from "./stream.ts";

/** Calls `handler` with every batch of events of a kind while the component is there. */
export function useEvents<K extends Kind>(kind: K, handler: (told: readonly Told<K>[]) => void): void {
  const tell = useEffectEvent(handler);
  useEffect(
    () =>
      stream.on(kind, (told) => {
        tell(told);
      }),
    [kind],
  );
}

export function useConnection(): Connection {
  return useStore(stream.connection);
}

/** Keeps the page connected, and marks the kept answers stale of which an event tells. To be used once. */
export function useStream(onRefused: () => void): void {
  const refused = useEffectEvent(onRefused);
  useEffect(() => {
    const ends = [
      stream.greeting(catchUp),
      stream.on("case", (told) => {
        markStale(told.map(({ payload }) => keys.case(payload.id)));
      }),
      stream.on("capture", (told) => {
        markStale(told.map(({ payload }) => keys.capture(payload.id)));
      }),
      stream.on("device", () => {
        markStale([keys.devices]);
      }),
      stream.on("dataset", () => {
        markStale([keys.datasets]);
      }),
      stream.on("model", () => {
        markStale([keys.models]);
      }),
      stream.on("training", (told) => {
        const jobs = told.map(({ payload }) => payload);
        takeIn(jobs);
        // A job that begins or ends may have come with a new version of its recipe.
        const isMoving = jobs.every(({ progress, ended_at }) => progress !== null && ended_at === null);
        markStale(isMoving ? [keys.trainingJobs] : [keys.trainingJobs, keys.recipes]);
      }),
      stream.refusal(() => {
        refused();
      }),
      stream.open(),
    ];
    return () => {
      for (const end of ends) {
        end();
      }
    };
  }, []);
}

/** Loads anew what no event will tell of: what was answered before the stream began, and what failed while it was away. */
function catchUp({ position, reset, first }: Hello): void {
  if (reset) {
    void queryClient.invalidateQueries();
  } else {
    void queryClient.invalidateQueries({
      predicate: ({ state }) => state.error !== null || (first && state.data !== undefined && !isFrom(state.data, position)),
    });
  }
}

/** Whether an answer, or each page of it, says that it is true at a position of the event log or a later one. */
function isFrom(data: unknown, position: number): boolean {
  if (typeof data !== "object" || data === null) {
    return false;
  }
  if ("pages" in data && Array.isArray(data.pages)) {
    return data.pages.every((page) => isFrom(page, position));
  }
  return "position" in data && typeof data.position === "number" && data.position >= position;
}

function markStale(stale: readonly (readonly string[])[]): void {
  for (const queryKey of new Map(stale.map((key) => [key.join("/"), key])).values()) {
    void queryClient.invalidateQueries({ queryKey });
  }
}
