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
  /** More cases wait behind these, which the worklist has not shown yet. */
  readonly more: boolean;
}

/** Cases as a list shows them, as far as it is loaded. */
interface Order {
  readonly ids: readonly string[];
  readonly more: boolean;
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
      return orderOf([page]);
    },
    enabled: left === null,
  });
  return neighboursIn(left ?? asked ?? orderOf([]), caseId);
}

export function neighboursIn({ ids, more }: Order, caseId: string): Neighbours {
  const place = ids.indexOf(caseId);
  return {
    previous: place > 0 ? (ids[place - 1] ?? null) : null,
    next: ids[place + 1] ?? null,
    place: place < 0 ? null : place + 1,
    total: ids.length,
    more,
  };
}

function orderLeft(caseId: string): Order | null {
  const lists = queryClient
    .getQueryCache()
    .findAll({ queryKey: keys.cases })
    .sort((one, other) => other.state.dataUpdatedAt - one.state.dataUpdatedAt)
    .map(({ state }) => orderOf((state.data as InfiniteData<CasePage> | undefined)?.pages ?? []));
  return lists.find(({ ids }) => ids.includes(caseId)) ?? null;
}

function orderOf(pages: readonly CasePage[]): Order {
  return { ids: pages.flatMap(({ cases }) => cases.map(({ id }) => id)), more: pages.at(-1)?.next != null };
}
