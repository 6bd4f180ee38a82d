import { Link } from "@tanstack/react-router";

import type { TrainingJobSummary } from "../../api.gen.ts";
import { subjectOf } from "./words.ts";

/** What a job is about, with the page of it behind. */
export function JobSubject({ job }: { job: TrainingJobSummary }) {
  const words = subjectOf(job);
  if (job.subject_name === null) {
    return <code>{words}</code>;
  }
  switch (job.kind) {
    case "train":
      return (
        <Link to="/training/recipes/$recipeId" params={{ recipeId: job.subject }}>
          {words}
        </Link>
      );
    case "assess":
      return (
        <Link to="/models/$digest" params={{ digest: job.subject }}>
          {words}
        </Link>
      );
    default:
      return (
        <Link to="/training/imports/$importId" params={{ importId: job.subject }}>
          {words}
        </Link>
      );
  }
}
