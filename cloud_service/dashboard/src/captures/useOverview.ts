import { useQuery } from "@tanstack/react-query";

import { watchedDevicesQuery } from "../admin/devices/api.ts";
import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CaptureCounts, DeviceSummary, Refusals } from "../api.gen.ts";
import { useEvents } from "../live/useStream.ts";
import { useThrottled } from "../live/useThrottled.ts";
import type { Span } from "./day.ts";

const AT_MOST_EVERY_MS = 1000;
/** Refused messages raise no event, so they are asked for now and then. */
const AT_LEAST_EVERY_MS = 15_000;

/** What stands around the captures. */
export interface Overview {
  readonly counts: CaptureCounts | undefined;
  readonly devices: DeviceSummary[] | undefined;
  readonly refusals: Refusals | undefined;
}

/** Devices and refusals, and the counts of the captures taken in a span (ever, where null); kept up to date. */
export function useOverview(span: Span | null): Overview {
  const refetchInterval = AT_LEAST_EVERY_MS;
  const counts = useQuery({
    queryKey: [...keys.captureCounts, span],
    queryFn: () => answer(api.GET("/api/v1/captures/counts", { params: { query: { ...span } } })),
    refetchInterval,
  });
  const devices = useQuery(watchedDevicesQuery);
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
