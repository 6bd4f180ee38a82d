import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { TrainingJobSummary, TrainingJobView } from "../../api.gen.ts";
import { keys, loadAnew, queryClient } from "../../api/queries.ts";

/** So many of the newest jobs are asked for, of all kinds. */
export const NEWEST_JOBS = 100;

/** So many of the newest trainings: as many as the API tells at once. */
export const NEWEST_TRAININGS = 500;

// What is listed stands under one key, so that what events tell reaches every list.
const LISTS = [...keys.trainingJobs, "lists"] as const;

export const jobsQuery = queryOptions({
  queryKey: [...LISTS, "jobs"] as const,
  queryFn: () => answer(api.GET("/api/v1/training/jobs", { params: { query: { limit: NEWEST_JOBS } } })),
});

/** Trainings alone, by whatever recipe. */
export const trainingsQuery = queryOptions({
  queryKey: [...LISTS, "trainings"] as const,
  queryFn: () => answer(api.GET("/api/v1/training/jobs", { params: { query: { kind: "train", limit: NEWEST_TRAININGS } } })),
});

/** A job with its epochs and the end of its log. */
export function jobQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.trainingJobs, "one", id] as const,
    queryFn: () => answer(api.GET("/api/v1/training/jobs/{job_id}", { params: { path: { job_id: id } } })),
  });
}

export function startJob(recipeId: string): Promise<TrainingJobSummary> {
  return told(answer(api.POST("/api/v1/training/jobs", { body: { recipe_id: recipeId } })));
}

/** Trains by a recipe's newest version, with the images of all cases that are signed by now. */
export function trainAgain(recipeName: string): Promise<TrainingJobSummary> {
  return told(answer(api.POST("/api/v1/training/jobs/again", { body: { recipe_name: recipeName } })));
}

export function cancelJob(id: string): Promise<TrainingJobSummary> {
  return told(answer(api.POST("/api/v1/training/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })));
}

/** Puts what events tell into the answers that are kept, at once; what they do not tell is asked for behind that. */
export function takeIn(summaries: readonly TrainingJobSummary[]): void {
  for (const summary of summaries) {
    queryClient.setQueryData<TrainingJobView>([...keys.trainingJobs, "one", summary.id], (kept) => kept && { ...kept, ...summary });
    queryClient.setQueriesData<TrainingJobSummary[]>({ queryKey: LISTS }, (kept) =>
      kept?.map((one) => (one.id === summary.id ? summary : one)),
    );
  }
}

async function told(change: Promise<TrainingJobSummary>): Promise<TrainingJobSummary> {
  const answered = await change;
  takeIn([answered]);
  await loadAnew(keys.trainingJobs);
  return answered;
}
