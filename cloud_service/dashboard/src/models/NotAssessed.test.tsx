import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { Me, TrainingJobSummary } from "../api.gen.ts";
import { MeContext } from "../session/me.ts";
import { jobsQuery } from "../training/jobs/api.ts";
import { NotAssessed } from "./NotAssessed.tsx";
import { DIGEST } from "./testAssessments.ts";

const ME: Me = { user: "b.kern", role: "administrator", site: null, permissions: ["see-training"] };

afterEach(() => {
  cleanup();
  queryClient.clear();
});

function shown(state: TrainingJobSummary["state"]): string | null {
  const job: Partial<TrainingJobSummary> = { kind: "assess", subject: DIGEST, state };
  queryClient.setQueryDefaults(jobsQuery.queryKey, { staleTime: Infinity });
  queryClient.setQueryData(jobsQuery.queryKey, [job as TrainingJobSummary]);
  render(
    <QueryClientProvider client={queryClient}>
      <MeContext value={ME}>
        <NotAssessed digest={DIGEST} />
      </MeContext>
    </QueryClientProvider>,
  );
  return screen.getByText(/assessed/).textContent;
}

test("that an assessment runs is said, and nobody is asked to begin another", () => {
  expect(shown("running")).toMatch(/^It is being assessed/);
});

test("where none runs, it is said who begins one", () => {
  expect(shown("failed")).toMatch(/^It was not assessed yet/);
});
