import { useQuery } from "@tanstack/react-query";
import { CircleX } from "lucide-react";
import { useMemo } from "react";

import { answer, api, thumbnailUrl } from "../api/client.ts";
import { keys, queryClient } from "../api/queries.ts";
import type { CaptureSummary, CaseSummary } from "../api.gen.ts";
import { RetryButton } from "../captures/RetryButton.tsx";
import { useEvents } from "../live/useStream.ts";
import { useThrottled } from "../live/useThrottled.ts";
import type { WorklistSearch } from "./search.ts";

const MOST = 500;
const ASK_AT_MOST_EVERY_MS = 500;
const FAILED = [...keys.captures, "failed-images"] as const;

/** The failed captures of these cases, by the case's id; null where they are not wanted. */
export function useFailedImages(
  rows: readonly CaseSummary[],
  { queue, site }: WorklistSearch,
): ReadonlyMap<string, readonly CaptureSummary[]> | null {
  const wanted = queue === "failed";
  const { data } = useQuery({
    queryKey: [...FAILED, site ?? null],
    queryFn: () => {
      const query = { state: ["failed" as const], limit: MOST, ...(site !== undefined && { site }) };
      return answer(api.GET("/api/v1/captures", { params: { query } }));
    },
    enabled: wanted,
    refetchOnMount: "always",
  });
  const askAgain = useThrottled(() => {
    void queryClient.invalidateQueries({ queryKey: FAILED });
  }, ASK_AT_MOST_EVERY_MS);
  useEvents("capture", askAgain);

  return useMemo(() => {
    if (!wanted) {
      return null;
    }
    const byCase = Map.groupBy(data?.captures ?? [], (capture) => `${capture.site} ${capture.case}`);
    return new Map(rows.map((row) => [row.id, byCase.get(`${row.site} ${row.pseudonym}`) ?? []]));
  }, [rows, data, wanted]);
}

/** Each failed capture of a case with its reason, to be tried again. */
export function FailedImages({ captures }: { captures: readonly CaptureSummary[] }) {
  return (
    <ul aria-label="Failed images">
      {captures.map((capture) => (
        <li key={capture.id} data-capture={capture.id}>
          <img src={thumbnailUrl(capture.id)} alt="" loading="lazy" decoding="async" width="40" height="40" />
          <span className="failed-reason">
            <CircleX aria-hidden="true" className="small" />
            <span>
              <bdi>{capture.smear ?? "unnamed smear"}</bdi>: {capture.reason ?? "The analysis failed."}
            </span>
          </span>
          <RetryButton id={capture.id} />
        </li>
      ))}
    </ul>
  );
}
