import { type InfiniteData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CasePage } from "../api.gen.ts";

/** The cases before and behind one, in the order in which they are read. */
export interface Neighbours {
  readonly previous: string | null;
  readonly next: string | null;
  /** From 1; null where the case is none of the list. */
  readonly place: number | null;
  readonly total: number;
}

/** The neighbours of a case: in the worklist that it was opened from, else in that of the cases to be read. */
export function useNeighbours(caseId: string): Neighbours {
  // As the worklist was when its reader left it: a case that is signed keeps its place between its neighbours.
  const [left] = useState(() => orderLeft(caseId));
  const { data: asked } = useQuery({
    queryKey: ["reading-order"],
    queryFn: async ({ signal }) => {
      const query = { holder: "mine_or_unclaimed" as const, limit: 200 };
      const page = await answer(api.GET("/api/v1/cases", { params: { query }, signal }));
      return page.cases.map(({ id }) => id);
    },
    enabled: left === null,
  });
  return neighboursIn(left ?? asked ?? [], caseId);
}

export function neighboursIn(order: readonly string[], caseId: string): Neighbours {
  const place = order.indexOf(caseId);
  return {
    previous: place > 0 ? (order[place - 1] ?? null) : null,
    next: order[place + 1] ?? null,
    place: place < 0 ? null : place + 1,
    total: order.length,
  };
}

function orderLeft(caseId: string): readonly string[] | null {
  const lists = queryClient
    .getQueryCache()
    .findAll({ queryKey: keys.cases })
    .sort((one, other) => other.state.dataUpdatedAt - one.state.dataUpdatedAt)
    .map(({ state }) => (state.data as InfiniteData<CasePage> | undefined)?.pages ?? [])
    .map((pages) => pages.flatMap(({ cases }) => cases.map(({ id }) => id)));
  return lists.find((ids) => ids.includes(caseId)) ?? null;
}
