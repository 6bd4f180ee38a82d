import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";

const EVERY_MS = 10_000;

/** What each part of the system says of itself, asked for anew every ten seconds. */
export const systemQuery = queryOptions({
  queryKey: ["system"] as const,
  queryFn: () => answer(api.GET("/api/v1/system")),
  refetchInterval: EVERY_MS,
  staleTime: 0,
});
