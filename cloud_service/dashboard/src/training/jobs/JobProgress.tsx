import type { TrainingJobSummary } from "../../api.gen.ts";
import { Progress } from "../Progress.tsx";
import { KINDS, progressInWords, shareDone, timeLeft } from "./words.ts";

/** How far a job under way is; that its process begins, where that has told nothing yet. */
export function JobProgress({ job: { kind, state, progress } }: { job: TrainingJobSummary }) {
  if (state !== "running") {
    return null;
  }
  if (progress === null) {
    return <Progress name={KINDS[kind]} share={null} words="A worker begins with it…" />;
  }
  return <Progress name={KINDS[kind]} share={shareDone(progress)} words={progressInWords(progress)} besides={timeLeft(progress)} />;
}
