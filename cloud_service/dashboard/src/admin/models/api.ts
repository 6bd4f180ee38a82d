import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";

export const modelsQuery = queryOptions({
  queryKey: ["models"] as const,
  queryFn: () => answer(api.GET("/api/v1/models")),
  staleTime: 0,
});

/** A model with its card, which never changes. */
export function modelQuery(digest: string) {
  return queryOptions({
    queryKey: ["model", digest] as const,
    queryFn: () => answer(api.GET("/api/v1/models/{digest}", { params: { path: { digest } } })),
  });
}
