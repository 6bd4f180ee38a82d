import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { answer, api, imageUrl } from "../api/client.ts";
import { queryClient } from "../api/queries.ts";
import type { CaptureSummary, CaseDetail, CaseImages, CaseSummary } from "../api.gen.ts";
import { useEvents } from "../live/useStream.ts";

/**
 * The case page keeps its answers under keys of its own. The reader's own changes come back as events, and to ask for
 * everything anew at each of them would be as many requests, and entries in the audit trail, as there are keystrokes.
 */
const detailKey = (id: string) => ["case-page", id] as const;
const imagesKey = (id: string) => ["case-images", id] as const;

const ASK_AGAIN_MS = 700;

const detailOptions = (id: string) => ({
  queryKey: detailKey(id),
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const come = await askForCase(id, { ahead: false }, signal);
    // What the reader changed meanwhile was answered before this: an older state must not take its place.
    const kept = queryClient.getQueryData<CaseDetail>(detailKey(id));
    return kept !== undefined && kept.version > come.version ? kept : come;
  },
});

const imagesOptions = (id: string) => ({
  queryKey: imagesKey(id),
  queryFn: ({ signal, pageParam }: { signal: AbortSignal; pageParam: string | null }) =>
    answer(
      api.GET("/api/v1/cases/{case_id}/images", {
        params: { path: { case_id: id }, query: { limit: 100, ...(pageParam !== null && { after: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (page: CaseImages) => page.next,
});

/** One case, kept up to date. */
export function useCaseDetail(id: string) {
  const query = useQuery(detailOptions(id));
  const asking = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    // Loaded ahead, or when it was open before: of what happened since, events told the open case alone.
    if (queryClient.getQueryData(detailKey(id)) !== undefined) {
      void queryClient.invalidateQueries({ queryKey: detailKey(id) }, { cancelRefetch: false });
    }
  }, [id]);
  useEffect(
    () => () => {
      clearTimeout(asking.current);
    },
    [id],
  );
  useEvents("case", (told) => {
    const news = told.findLast(({ payload }) => payload.id === id);
    if (news !== undefined) {
      patchCase(id, (detail) => (news.payload.version >= detail.version ? { ...detail, ...news.payload } : detail));
      clearTimeout(asking.current);
      asking.current = setTimeout(() => {
        void queryClient.invalidateQueries({ queryKey: detailKey(id) });
      }, ASK_AGAIN_MS);
    }
  });
  return query;
}

/** A case's images, the most suspicious first, page by page, kept up to date. */
export function useCaseImages(detail: CaseDetail) {
  const query = useInfiniteQuery({ ...imagesOptions(detail.id), refetchOnMount: "always" });
  useEvents("capture", (told) => {
    if (told.some(({ payload }) => payload.case === detail.pseudonym && payload.site === detail.site)) {
      void queryClient.invalidateQueries({ queryKey: imagesKey(detail.id) });
    }
  });
  return query;
}

/** Puts what a change answered into the kept answer. */
export function patchCase(id: string, change: (detail: CaseDetail) => CaseDetail): void {
  queryClient.setQueryData<CaseDetail>(detailKey(id), (detail) => (detail === undefined ? detail : change(detail)));
}

/** The case as the server has it now. */
export async function freshCase(id: string): Promise<CaseDetail> {
  // A question that is under way may have been answered before the latest change.
  await queryClient.cancelQueries({ queryKey: detailKey(id) });
  return queryClient.query({ ...detailOptions(id), staleTime: 0 });
}

/** Loads what a case's page shows first, so that it stands there at once when it is opened. */
export async function prefetchCase({ id }: Pick<CaseSummary, "id">): Promise<void> {
  await Promise.all([
    loadAhead(id),
    queryClient.infiniteQuery({ ...imagesOptions(id), retry: false }).then(({ pages }) => {
      prefetchImage(pages[0]?.images[0]);
    }),
  ]).catch(() => {
    // The case is loaded when it is opened, and says then what is wrong.
  });
}

/** Not by the question that the open case asks: the audit trail tells what was loaded ahead from what was seen. */
async function loadAhead(id: string): Promise<void> {
  if (queryClient.getQueryData(detailKey(id)) === undefined) {
    const come = await askForCase(id, { ahead: true });
    queryClient.setQueryData<CaseDetail>(detailKey(id), (kept) => kept ?? come);
  }
}

async function askForCase(id: string, query: { ahead: boolean }, signal: AbortSignal | null = null): Promise<CaseDetail> {
  const params = { path: { case_id: id }, query };
  // The client's types know pairs of numbers as lists only.
  return (await answer(api.GET("/api/v1/cases/{case_id}", { params, signal }))) as CaseDetail;
}

/** Lets the browser load the copy of an image that the viewer draws first. */
export function prefetchImage(image: CaptureSummary | undefined): void {
  if (image !== undefined && image.received_at !== null) {
    new Image().src = imageUrl(image.id, Math.max(image.width, image.height) > 640 ? 640 : undefined);
  }
}
