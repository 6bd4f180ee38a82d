import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CaptureCounts, DeviceSummary, Refusals } from "../api.gen.ts";
import { useEvents } from "../live/useStream.ts";

const AT_MOST_EVERY_MS = 1000;
/** Refused messages raise no event, so they are asked for now and then. */
const AT_LEAST_EVERY_MS = 15_000;

/** What stands around the captures. */
export interface Overview {
  readonly counts: CaptureCounts | undefined;
  readonly devices: DeviceSummary[] | undefined;
  readonly refusals: Refusals | undefined;
}

/** Counts, devices and refusals, kept up to date. */
export function useOverview(): Overview {
  const refetchInterval = AT_LEAST_EVERY_MS;
  const counts = useQuery({
    queryKey: keys.captureCounts,
    queryFn: () => answer(api.GET("/api/v1/captures/counts")),
    refetchInterval,
  });
  const devices = useQuery({ queryKey: keys.devices, queryFn: () => answer(api.GET("/api/v1/devices")) });
  const refusals = useQuery({
    queryKey: ["refusals"],
    queryFn: () => answer(api.GET("/api/v1/refusals", { params: { query: { limit: 20 } } })),
    refetchInterval,
  });
  const lookAgain = useThrottled(() => {
    void queryClient.invalidateQueries({ queryKey: keys.captureCounts });
    void queryClient.invalidateQueries({ queryKey: keys.devices }); // the capture may be a new device's first
  }, AT_MOST_EVERY_MS);
  useEvents("capture", lookAgain);
  return { counts: counts.data, devices: devices.data, refusals: refusals.data };
}

/** A function that may be called as often as something happens: it calls `run` at once, and then at most every `ms`. */
export function useThrottled(run: () => void, ms: number): () => void {
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const ranAt = useRef(0);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(
    () => () => {
      clearTimeout(waiting.current);
      waiting.current = undefined;
    },
    [],
  );
  return useCallback(() => {
    waiting.current ??= setTimeout(
      () => {
        waiting.current = undefined;
        ranAt.current = Date.now();
        latest.current();
      },
      Math.max(0, ranAt.current + ms - Date.now()),
    );
  }, [ms]);
}
