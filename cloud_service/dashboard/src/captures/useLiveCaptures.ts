import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useReducer } from "react";

import { answer, api } from "../api/client.ts";
import { keys } from "../api/queries.ts";
import type { CapturePage } from "../api.gen.ts";
import { stream, type Told } from "../live/stream.ts";
import { useEvents } from "../live/useStream.ts";
import { captures, type Captures, type Filter, NO_CAPTURES, newestFirst, type Row } from "./captures.ts";

const PAGE_SIZE = 100;

/** Captures, newest announcement first: those that the filter lets through, before the capture `before`. */
async function fetchCaptures({ states, span }: Filter, before: string | null): Promise<CapturePage> {
  const query = {
    limit: PAGE_SIZE,
    ...(states.length > 0 && { state: [...states] }),
    ...span,
    ...(before !== null && { before }),
  };
  return answer(api.GET("/api/v1/captures", { params: { query } }));
}

export interface LiveCaptures {
  readonly captures: Captures;
  readonly loadOlder: () => void;
  readonly isLoadingOlder: boolean;
  /** Why they, or the older ones, could not be loaded. */
  readonly error: Error | null;
}

/**
 * Captures, kept up to date without a reload.
 *
 * @param filter - which are loaded; a constant, since another object is another filter
 */
export function useLiveCaptures(filter: Filter): LiveCaptures {
  const [state, change] = useReducer(captures, NO_CAPTURES);
  const { data: page, error } = useQuery({
    queryKey: [...keys.captures, filter],
    queryFn: () => fetchCaptures(filter, null),
    gcTime: 0, // what was seen before is told of anew
  });

  useEffect(() => {
    if (page !== undefined) {
      change({ type: "loaded", filter, page });
      change({ type: "told", rows: toldSince(page) });
    }
  }, [filter, page]);
  useEvents("capture", (told) => {
    change({ type: "told", rows: told.map(rowOf) });
  });

  const older = useMutation({
    mutationFn: (wanted: Filter) => fetchCaptures(wanted, newestFirst(state).at(-1)?.capture.id ?? null),
    onMutate: () => {
      change({ type: "asked older", atMost: PAGE_SIZE });
    },
    onSuccess: (found, wanted) => {
      change({ type: "older", filter: wanted, page: found });
      change({ type: "told", rows: toldSince(found) });
    },
  });
  const isOlderOfThese = older.variables === filter;
  // Until the answer to another filter is there, what the former one let through would stand under a wrong name.
  const shown = state.filter === filter ? state : NO_CAPTURES;
  return {
    captures: shown,
    loadOlder: () => {
      older.mutate(filter);
    },
    isLoadingOlder: isOlderOfThese && older.isPending,
    error: error ?? (isOlderOfThese ? older.error : null),
  };
}

/** What was told while an answer was on its way. */
function toldSince({ position }: CapturePage): Row[] {
  return stream.since("capture", position).map(rowOf);
}

function rowOf({ payload, position }: Told<"capture">): Row {
  return { capture: payload, position };
}
