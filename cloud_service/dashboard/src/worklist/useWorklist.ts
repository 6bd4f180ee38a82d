import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CaseCounts, CasePage, CaseSummary } from "../api.gen.ts";
import { stream, type Told } from "../live/stream.ts";
import { useEvents } from "../live/useStream.ts";
import { useThrottled } from "../live/useThrottled.ts";
import { useMe } from "../session/me.ts";
import { filtersOf, matches, moves, queueOf, type WorklistSearch } from "./search.ts";

const PAGE_SIZE = 50;
const COUNT_AT_MOST_EVERY_MS = 2000;

type ToldCases = ReadonlyMap<string, Told<"case">>;

export interface Worklist {
  /** In the order of the last answer, each as the newest event tells it. */
  readonly rows: readonly CaseSummary[];
  /** Cases that are wanted and not among the rows yet. */
  readonly fresh: number;
  /** Rows that belong elsewhere by now, or not here any more. */
  readonly moved: number;
  readonly isLoading: boolean;
  readonly fault: Error | null;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
  /** Takes the news in: the list as it is now. */
  readonly takeIn: () => void;
}

/**
 * The worklist as the API gives it. Events change rows in place, and never the order or what stands there: news are
 * counted until they are taken in.
 */
export function useWorklist(search: WorklistSearch): Worklist {
  const { user } = useMe();
  const query = useInfiniteQuery({
    queryKey: [...keys.cases, search],
    queryFn: ({ pageParam }) => fetchPage(search, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchOnMount: "always", // what happened meanwhile may be more than is remembered
    placeholderData: keepPreviousData,
  });
  const told = useToldCases(query.data?.pages);
  const shown = useMemo(() => withNews(query.data?.pages ?? [], told, search, user), [query.data, told, search, user]);
  return {
    ...shown,
    isLoading: query.isPending || query.isPlaceholderData,
    fault: query.error ?? query.failureReason,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => {
      void query.fetchNextPage();
    },
    takeIn: () => {
      void query.refetch();
    },
  };
}

/** How many cases stand in each part, of those that are wanted; kept up to date. */
export function useCaseCounts(search: WorklistSearch): CaseCounts | undefined {
  const filters = filtersOf(search);
  const { data } = useQuery({
    queryKey: [...keys.caseCounts, filters],
    queryFn: () => answer(api.GET("/api/v1/cases/counts", { params: { query: filters } })),
    refetchOnMount: "always",
    placeholderData: keepPreviousData,
  });
  const countAgain = useThrottled(() => {
    void queryClient.invalidateQueries({ queryKey: keys.caseCounts });
  }, COUNT_AT_MOST_EVERY_MS);
  useEvents("case", countAgain);
  return data;
}

/** The rows, with what was told of them since they were answered, and how much of it is not shown yet. */
export function withNews(
  pages: readonly CasePage[],
  told: ToldCases,
  search: WorklistSearch,
  me: string,
): Pick<Worklist, "rows" | "fresh" | "moved"> {
  const rows = new Map<string, CaseSummary>();
  let moved = 0;
  for (const { cases, position } of pages) {
    for (const answered of cases) {
      const news = told.get(answered.id);
      const isNews = news !== undefined && news.position > position;
      if (!rows.has(answered.id)) {
        rows.set(answered.id, isNews ? news.payload : answered);
        moved += isNews && (!matches(news.payload, search, me) || moves(answered, news.payload, search)) ? 1 : 0;
      }
    }
  }
  const first = pages[0]?.position ?? Infinity;
  const fresh = [...told.values()].filter(
    ({ payload, position }) => position > first && !rows.has(payload.id) && matches(payload, search, me),
  );
  return { rows: [...rows.values()], fresh: fresh.length, moved };
}

/** What the stream last told of each case, as far as it is news to the oldest of `pages`. */
function useToldCases(pages: readonly CasePage[] = []): ToldCases {
  const [told, setTold] = useState<ToldCases>(() => latest(new Map(), stream.since("case", 0)));
  useEvents("case", (news) => {
    setTold((before) => latest(before, news, Math.min(...pages.map(({ position }) => position))));
  });
  useEffect(
    () =>
      stream.greeting(({ reset }) => {
        if (reset) {
          setTold(new Map()); // positions of another log
        }
      }),
    [],
  );
  return told;
}

function latest(before: ToldCases, news: readonly Told<"case">[], behind = -Infinity): ToldCases {
  const known = Number.isFinite(behind) ? [...before].filter(([, { position }]) => position > behind) : before;
  return new Map([...known, ...news.map((one) => [one.payload.id, one] as const)]);
}

async function fetchPage(search: WorklistSearch, after: string | null): Promise<CasePage> {
  const query = {
    ...filtersOf(search),
    ...queueOf(search),
    ...(search.sort !== undefined && { sort: search.sort }),
    ...(after !== null && { after }),
    limit: PAGE_SIZE,
  };
  return answer(api.GET("/api/v1/cases", { params: { query } }));
}
