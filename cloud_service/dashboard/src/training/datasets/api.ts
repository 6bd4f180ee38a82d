import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type {
  CandidateFate,
  DatasetImportView,
  DatasetPurpose,
  DatasetView,
  NewSignedImport,
} from "../../api.gen.ts";
import { keys, loadAnew } from "../../api/queries.ts";
import { type Sent, upload } from "../../api/upload.ts";

const DATASETS = "/api/v1/datasets";

export const datasetsQuery = queryOptions({
  queryKey: [...keys.datasets, "versions"] as const,
  queryFn: () => answer(api.GET("/api/v1/datasets")),
  // One is removed without an event.
  staleTime: 0,
});

export const importsQuery = queryOptions({
  queryKey: [...keys.datasets, "imports"] as const,
  queryFn: () => answer(api.GET("/api/v1/datasets/imports")),
});

export function datasetQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.datasets, "version", id] as const,
    queryFn: () => answer(api.GET("/api/v1/datasets/{dataset_id}", { params: { path: { dataset_id: id } } })),
    staleTime: 0,
  });
}

export function importQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.datasets, "import", id] as const,
    queryFn: () => answer(api.GET("/api/v1/datasets/imports/{import_id}", { params: { path: { import_id: id } } })),
  });
}

export function datasetSheetUrl(id: string): string {
  return `${DATASETS}/${id}/sheet`;
}

export function importSheetUrl(id: string): string {
  return `${DATASETS}/imports/${id}/sheet`;
}

/** What an archive is to be kept as; an empty text says nothing. */
export interface ArchiveWish {
  readonly name: string;
  readonly purpose: DatasetPurpose;
  readonly site: string;
  readonly layout: string;
}

export function sendArchive(
  wish: ArchiveWish,
  file: File,
  onSent: (sent: Sent) => void,
  signal: AbortSignal,
): Promise<DatasetImportView> {
  const given = Object.entries({ ...wish, file_name: file.name }).filter(([, value]) => value !== "");
  const path = `${DATASETS}/imports?${new URLSearchParams(given).toString()}`;
  return listedAnew(upload(path, file, onSent, signal) as Promise<DatasetImportView>);
}

export function importSigned(body: NewSignedImport): Promise<DatasetImportView> {
  return listedAnew(answer(api.POST("/api/v1/datasets/imports/from-signed-cases", { body })));
}

export function confirmImport(id: string): Promise<DatasetImportView> {
  return listedAnew(answer(api.POST("/api/v1/datasets/imports/{import_id}/confirm", { params: { path: { import_id: id } } })));
}

export function dropImport(id: string): Promise<DatasetImportView> {
  return listedAnew(answer(api.POST("/api/v1/datasets/imports/{import_id}/drop", { params: { path: { import_id: id } } })));
}

export function removeDataset(id: string): Promise<DatasetView> {
  return listedAnew(answer(api.DELETE("/api/v1/datasets/{dataset_id}", { params: { path: { dataset_id: id } } })));
}

export function candidatesQuery(fate: CandidateFate | undefined) {
  return infiniteQueryOptions({
    queryKey: [...keys.datasets, "candidates", fate] as const,
    queryFn: ({ pageParam }) => {
      const query = { ...(fate !== undefined && { fate }), ...(pageParam !== null && { after: pageParam }) };
      return answer(api.GET("/api/v1/label-candidates", { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    staleTime: 0,
  });
}

/** What became of each image of a case; asked for anew with each version, as an amendment changes it. */
export function caseCandidatesQuery(caseId: string, version: number) {
  return queryOptions({
    queryKey: [...keys.datasets, "case", caseId, version] as const,
    queryFn: () => answer(api.GET("/api/v1/cases/{case_id}/label-candidates", { params: { path: { case_id: caseId } } })),
  });
}

async function listedAnew<Answer>(change: Promise<Answer>): Promise<Answer> {
  const answered = await change;
  await loadAnew(keys.datasets);
  return answered;
}
