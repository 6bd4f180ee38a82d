import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { answer, api } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CaseCounts, CasePage, CaseSummary } from "../api.gen.ts";
import { stream, type Told } from "../live/stream.ts";
import { useEvents } from "../live/useStream.ts";
import { useThrottled } from "../live/useThrottled.ts";
import { useMe } from "../session/me.ts";
import { filtersOf, matches, orderOf, queueOf, type WorklistSearch } from "./search.ts";

const PAGE_SIZE = 50;
const COUNT_AT_MOST_EVERY_MS = 2000;

/** An answer, and the last case of it as it was then: what stands behind that one belongs to the next page. */
export interface ListedPage extends CasePage {
  readonly end: CaseSummary | null;
}

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
 * counted until they are taken in. The events tell all that the API would, so it is asked again only where the list has
 * become longer by a page; with each of many dashboards asking at each result, it would do little else.
 */
export function useWorklist(search: WorklistSearch): Worklist {
  const { user } = useMe();
  const queryKey = [...keys.cases, search];
  const query = useInfiniteQuery({
    queryKey,
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
      const pages = takenIn(query.data?.pages ?? [], told, search, user);
      const hasGrown = (pages[0]?.cases.length ?? Infinity) > (pages.length + 1) * PAGE_SIZE;
      if (query.isFetching || hasGrown) {
        void query.refetch();
      } else {
        queryClient.setQueryData(queryKey, (data: InfiniteData<ListedPage> | undefined) => data && { ...data, pages });
      }
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
    // Pages share one answer for a while: it may be older than what happened.
    refetchInterval: ({ state }) =>
      state.data !== undefined && stream.isBehind("case", state.data.position) ? COUNT_AT_MOST_EVERY_MS : false,
  });
  const countAgain = useThrottled(() => {
    void queryClient.invalidateQueries({ queryKey: keys.caseCounts });
  }, COUNT_AT_MOST_EVERY_MS);
  useEvents("case", countAgain);
  return data;
}

interface Listed {
  readonly answered: CaseSummary;
  /** What was told of it since. */
  readonly news: CaseSummary | undefined;
}

/** Each case of the pages once, in their order. */
function listed(pages: readonly CasePage[], told: ToldCases): ReadonlyMap<string, Listed> {
  const found = new Map<string, Listed>();
  for (const { cases, position } of pages) {
    for (const answered of cases) {
      const news = told.get(answered.id);
      if (!found.has(answered.id)) {
        found.set(answered.id, { answered, news: news !== undefined && news.position > position ? news.payload : undefined });
      }
    }
  }
  return found;
}

/** What was told of cases that are wanted and not among the rows. */
function unlisted(
  pages: readonly CasePage[],
  rows: ReadonlyMap<string, Listed>,
  told: ToldCases,
  search: WorklistSearch,
  me: string,
): CaseSummary[] {
  const first = pages[0]?.position ?? Infinity;
  return [...told.values()]
    .filter(({ payload, position }) => position > first && !rows.has(payload.id) && matches(payload, search, me))
    .map(({ payload }) => payload);
}

/** The rows, with what was told of them since they were answered, and how much of it is not shown yet. */
export function withNews(
  pages: readonly CasePage[],
  told: ToldCases,
  search: WorklistSearch,
  me: string,
): Pick<Worklist, "rows" | "fresh" | "moved"> {
  const found = listed(pages, told);
  const order = orderOf(search);
  const rows = [...found.values()];
  return {
    rows: rows.map(({ answered, news }) => news ?? answered),
    fresh: unlisted(pages, found, told, search, me).length,
    moved: rows.filter(({ answered, news }) => news && (!matches(news, search, me) || order(answered, news) !== 0)).length,
  };
}

/**
 * The pages as the API would answer them at the newest event: all that is loaded stands in the first one, since where a
 * page ends means nothing to the list. What belongs behind the last page comes with the next.
 */
export function takenIn(pages: readonly ListedPage[], told: ToldCases, search: WorklistSearch, me: string): ListedPage[] {
  const last = pages.at(-1);
  const end = last?.next == null ? null : last.end;
  const order = orderOf(search);
  const found = listed(pages, told);
  const cases = [...found.values()]
    .filter(({ news }) => news === undefined || matches(news, search, me))
    .map(({ answered, news }) => news ?? answered)
    .concat(unlisted(pages, found, told, search, me))
    .filter((one) => end === null || order(one, end) <= 0)
    .sort(order);
  const position = Math.max(...[...pages, ...told.values()].map((one) => one.position));
  return pages.map((page, number) => ({ ...page, position, cases: number === 0 ? cases : [] }));
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

async function fetchPage(search: WorklistSearch, after: string | null): Promise<ListedPage> {
  const query = {
    ...filtersOf(search),
    ...queueOf(search),
    ...(search.sort !== undefined && { sort: search.sort }),
    ...(after !== null && { after }),
    limit: PAGE_SIZE,
  };
  const page = await answer(api.GET("/api/v1/cases", { params: { query } }));
  return { ...page, end: page.cases.at(-1) ?? null };
}
