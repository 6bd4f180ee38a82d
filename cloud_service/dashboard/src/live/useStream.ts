import { useEffect, useEffectEvent } from "react";

import { askAgain, askOnceMore, atFirstAnswers, keys, queryClient } from "../api/queries.ts";
import { useStore } from "../store.ts";
import { takeIn } from "../training/jobs/api.ts";
import { type Connection, type Hello, type Kind, stream, type Told } from "./stream.ts";
import { useThrottled } from "./useThrottled.ts";

/** At a change of the network all devices tell something at once, and each answer names all of them. */
const DEVICES_AT_MOST_EVERY_MS = 1000;

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

/**
 * Keeps the page connected, and marks the kept answers stale of which an event tells; the pages that show cases follow
 * the events themselves. To be used once.
 */
export function useStream(onRefused: () => void): void {
  const refused = useEffectEvent(onRefused);
  const askForDevices = useThrottled(() => {
    markStale([keys.devices]);
  }, DEVICES_AT_MOST_EVERY_MS);
  useEffect(() => {
    const ends = [
      stream.greeting(catchUp),
      stream.on("capture", (told) => {
        markStale(told.map(({ payload }) => keys.capture(payload.id)));
      }),
      stream.on("device", askForDevices),
      stream.on("dataset", () => {
        // A locked test set that is imported overtakes the assessments on the one before.
        markStale([keys.datasets, keys.models]);
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
  }, [askForDevices]);
}

/** Loads anew what no event will tell of: what was answered before the stream began, and what failed while it was away. */
function catchUp({ position, reset, first }: Hello): void {
  if (reset) {
    askAgain();
    return;
  }
  void queryClient.invalidateQueries({
    predicate: ({ state }) => state.error !== null || (first && state.data !== undefined && (positionOf(state.data) ?? -1) < position),
  });
  if (first) {
    atFirstAnswers({}, (query) => {
      if ((positionOf(query.state.data) ?? position) < position) {
        askOnceMore(query);
      }
    });
  }
}

/** The position of the event log at which an answer, or the oldest page of it, was true; null where it does not say. */
function positionOf(data: unknown): number | null {
  if (typeof data !== "object" || data === null) {
    return null;
  }
  if ("pages" in data && Array.isArray(data.pages)) {
    const positions = data.pages.map(positionOf).filter((position) => position !== null);
    return positions.length === data.pages.length ? Math.min(...positions) : null;
  }
  return "position" in data && typeof data.position === "number" ? data.position : null;
}

function markStale(stale: readonly (readonly string[])[]): void {
  for (const queryKey of new Map(stale.map((key) => [key.join("/"), key])).values()) {
    askAgain({ queryKey });
  }
}
