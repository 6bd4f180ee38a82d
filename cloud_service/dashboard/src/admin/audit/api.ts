import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { Action } from "../../api.gen.ts";
import { type AuditSearch, auditQuery } from "./filters.ts";

const PAGE_SIZE = 100;

/** The entries that the filters let through, newest first, page by page. */
export function entriesQuery(search: AuditSearch) {
  const { action, ...rest } = auditQuery(search);
  return infiniteQueryOptions({
    queryKey: ["audit", search] as const,
    queryFn: ({ pageParam }) => {
      const page = { limit: PAGE_SIZE, ...(pageParam !== null && { before: pageParam }) };
      // An action that the server does not know is refused by it, in words.
      const query = { ...rest, ...(action !== undefined && { action: action as Action }), ...page };
      return answer(api.GET("/api/v1/audit", { params: { query } }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: ({ entries, more }) => (more ? entries.at(-1)?.position : undefined),
    staleTime: 0,
    gcTime: 0,
  });
}

/** Whether the newest entries are as they were written. */
export const verificationQuery = queryOptions({
  queryKey: ["audit-verification"] as const,
  queryFn: () => answer(api.GET("/api/v1/audit/verification")),
  staleTime: 0,
});
