import { useQuery } from "@tanstack/react-query";

import type { TrainingJobSummary } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { jobsQuery } from "../training/jobs/api.ts";

/** The jobs that assess a model, the newest first; none for those who may not follow jobs. */
export function useAssessJobs(digest: string): TrainingJobSummary[] {
  const mayFollow = may(useMe(), "see-training");
  const jobs = useQuery({ ...jobsQuery, enabled: mayFollow }).data ?? [];
  return jobs.filter(({ kind, subject }) => kind === "assess" && subject === digest);
}
