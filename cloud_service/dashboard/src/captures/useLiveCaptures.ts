import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer } from "react";

import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CapturePage, CaptureState } from "../api.gen.ts";
import { stream, type Told } from "../live/stream.ts";
import { useEvents } from "../live/useStream.ts";
import { captures, type Captures, NO_CAPTURES, newestFirst, type Row } from "./captures.ts";

const PAGE_SIZE = 100;

/** Captures, newest announcement first: those in one of `states` (all, where empty), before the capture `before`. */
async function fetchCaptures(states: readonly CaptureState[], before: string | null): Promise<CapturePage> {
  const query = { limit: PAGE_SIZE, ...(states.length > 0 && { state: [...states] }), ...(before !== null && { before }) };
  return answer(api.GET("/api/v1/captures", { params: { query } }));
}

/**
 * Captures, kept up to date without a reload.
 *
 * @param states - which are loaded (all, where empty); a constant, since another array is another filter
 */
export function useLiveCaptures(states: readonly CaptureState[]): { captures: Captures; loadOlder: () => void } {
  const [state, change] = useReducer(captures, NO_CAPTURES);
  const { data: page } = useQuery({
    queryKey: [...keys.captures, ...states],
    queryFn: () => fetchCaptures(states, null),
    gcTime: 0, // what was seen before is told of anew
  });

  useEffect(() => {
    if (page !== undefined) {
      change({ type: "loaded", states, page });
      // Told while the answer was on its way.
      change({ type: "told", rows: stream.since("capture", page.position).map(rowOf) });
    }
  }, [states, page]);
  useEvents("capture", (told) => {
    change({ type: "told", rows: told.map(rowOf) });
  });

  const loadOlder = useCallback(() => {
    const oldest = newestFirst(state).at(-1)?.capture.id ?? null;
    void queryClient
      .query({ queryKey: [...keys.captures, ...states, oldest], queryFn: () => fetchCaptures(states, oldest), gcTime: 0 })
      .then((older) => {
        change({ type: "older", page: older });
      });
  }, [state, states]);

  return { captures: state, loadOlder };
}

function rowOf({ payload, position }: Told<"capture">): Row {
  return { capture: payload, position };
}
