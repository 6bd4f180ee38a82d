import { useCallback, useEffect, useRef, useState } from "react";

import { fetchOverview, type Overview } from "./api.ts";

const AT_MOST_EVERY_MS = 1000;
/** Refused messages raise no event, so they are asked for now and then. */
const AT_LEAST_EVERY_MS = 15_000;

/** Counts, devices and refusals; `refresh` may be called as often as something happens. */
export function useOverview(onError: (error: unknown) => void): { overview: Overview | null; refresh: () => void } {
  const [overview, setOverview] = useState<Overview | null>(null);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const askedAt = useRef(0);

  const ask = useCallback(() => {
    waiting.current = undefined;
    askedAt.current = Date.now();
    fetchOverview().then(setOverview, onError);
  }, [onError]);

  const refresh = useCallback(() => {
    waiting.current ??= setTimeout(ask, Math.max(0, askedAt.current + AT_MOST_EVERY_MS - Date.now()));
  }, [ask]);

  useEffect(() => {
    refresh();
    const timer = setInterval(refresh, AT_LEAST_EVERY_MS);
    return () => {
      clearInterval(timer);
      clearTimeout(waiting.current);
      waiting.current = undefined;
    };
  }, [refresh]);

  return { overview, refresh };
}
