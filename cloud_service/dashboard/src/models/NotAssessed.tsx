import { isOver } from "../training/jobs/words.ts";
import { useAssessJobs } from "./assessJobs.ts";

/** In place of a comparison: that there is none yet, and what brings it. */
export function NotAssessed({ digest }: { digest: string }) {
  const isRunning = useAssessJobs(digest).some((job) => !isOver(job));
  return (
    <p className="nothing-yet">
      {isRunning
        ? "It is being assessed: what comes of it will stand here. The model’s page shows how far that is."
        : "It was not assessed yet. An administrator does it on the model’s page."}
    </p>
  );
}
