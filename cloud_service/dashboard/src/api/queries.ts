import { notifyManager, type Query, QueryClient, type QueryFilters, type QueryKey } from "@tanstack/react-query";

import { Problem, Unreachable } from "./problem.ts";

/** A query is tried again for minutes while the server is away; a window that has done its deed is not to stay so long. */
const LONGEST_WAIT_MS = 3000;

/** The keys under which answers are kept; the event stream marks them stale by these. */
export const keys = {
  cases: ["cases"] as const,
  caseCounts: ["case-counts"] as const,
  captures: ["captures"] as const,
  capture: (id: string) => ["capture", id] as const,
  captureCounts: ["capture-counts"] as const,
  devices: ["devices"] as const,
  /** All that is told of data sets, their imports and what signed cases offer. */
  datasets: ["datasets"] as const,
  /** Jobs of the training queue, of any kind. */
  trainingJobs: ["training-jobs"] as const,
  /** Recipes, what a new one begins from, estimates and schedules. */
  recipes: ["recipes"] as const,
  /** All that is told of models: versions, timeline, assessments, proposals, shadow runs. */
  models: ["models"] as const,
};

// By default the page learns of a kept answer only after a timer. Whoever lets go of a draft because its answer is kept
// would leave a moment in which the page has neither, and a key that is pressed then finds nothing said.
notifyManager.setScheduler(queueMicrotask);

/** Answers are fresh until an event says otherwise, so nothing is asked for again just because time has passed. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      // The API's refusals are final; a server that is away comes back.
      retry: (count, error) => !(error instanceof Problem && error.status < 500) && count < 60,
      retryDelay: (count, error) => (error instanceof Unreachable ? 1000 : Math.min(1000 * 2 ** count, 15_000)),
      // The browser's own word on being online says nothing about a server in the same building.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** Asks again for what a deed has changed; done when the answers are there, or a few seconds later without them. */
export async function loadAnew(queryKey: QueryKey): Promise<void> {
  const loaded = queryClient.invalidateQueries({ queryKey });
  await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
}

/** Asks again for what is kept, as something has happened to it; `wanted` says which of it. */
export function askAgain(wanted: QueryFilters = {}): void {
  void queryClient.invalidateQueries(wanted);
  // A first answer that is on its way is not asked for anew by this, and may be older than what has happened.
  atFirstAnswers(wanted, askOnceMore);
}

/** Calls `handler` with each query whose first answer is on its way, once that is there. */
export function atFirstAnswers(wanted: QueryFilters, handler: (query: Query) => void): void {
  const underWay = queryClient.getQueryCache().findAll({ ...wanted, type: "active", fetchStatus: "fetching" });
  for (const query of underWay.filter(({ state }) => state.data === undefined)) {
    query.fetch().then(
      () => {
        handler(query);
      },
      () => {
        // Whoever asked for it tells why it failed.
      },
    );
  }
}

export function askOnceMore({ queryKey }: Query): void {
  void queryClient.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
}
