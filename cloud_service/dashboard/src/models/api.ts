import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../api/client.ts";
import { keys, loadAnew } from "../api/queries.ts";
import { type Sent, upload } from "../api/upload.ts";
import type { AssessmentRequest, ModelDetail, ProposalRequest, ProposalView } from "../api.gen.ts";
import type { Decision } from "./proposal.ts";

// All of it stands under one key: an event that tells of a model marks all of it stale.

export const modelsQuery = queryOptions({
  queryKey: [...keys.models, "versions"] as const,
  queryFn: () => answer(api.GET("/api/v1/models")),
  // Answers are counted without an event.
  staleTime: 0,
});

/** A model with its card and its history; its answers are counted without an event. */
export function modelQuery(digest: string) {
  return queryOptions({
    queryKey: [...keys.models, "version", digest] as const,
    queryFn: () => answer(api.GET("/api/v1/models/{digest}", { params: { path: { digest } } })),
    refetchInterval: 10_000,
    staleTime: 0,
  });
}

export const timelineQuery = queryOptions({
  queryKey: [...keys.models, "timeline"] as const,
  queryFn: () => answer(api.GET("/api/v1/models/timeline")),
});

/** How a model does in the shadow; live captures come without an event. */
export function shadowQuery(digest: string) {
  return queryOptions({
    queryKey: [...keys.models, "shadow", digest] as const,
    queryFn: () => answer(api.GET("/api/v1/models/{digest}/shadow", { params: { path: { digest } } })),
    refetchInterval: 10_000,
    staleTime: 0,
  });
}

/** How a model did at the gate, the newest assessment first. */
export function assessmentsQuery(digest: string) {
  return queryOptions({
    queryKey: [...keys.models, "assessments", digest] as const,
    queryFn: () => answer(api.GET("/api/v1/models/{digest}/assessments", { params: { path: { digest } } })),
  });
}

/** One assessment, with its figures and the signed cases. */
export function assessmentQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.models, "assessment", id] as const,
    queryFn: () => answer(api.GET("/api/v1/assessments/{assessment_id}", { params: { path: { assessment_id: id } } })),
  });
}

/** Proposals, the newest first, as the one who asks may decide on them. */
export const proposalsQuery = queryOptions({
  queryKey: [...keys.models, "proposals"] as const,
  queryFn: () => answer(api.GET("/api/v1/proposals")),
});

/** Queues an assessment; returns its job. */
export async function assess(digest: string, wanted: AssessmentRequest) {
  const params = { path: { digest } };
  const job = await answer(api.POST("/api/v1/models/{digest}/assessments", { params, body: wanted }));
  await loadAnew(keys.trainingJobs);
  return job;
}

export function propose(digest: string, wish: ProposalRequest) {
  return changing(answer(api.POST("/api/v1/models/{digest}/proposals", { params: { path: { digest } }, body: wish })));
}

export function decide({ id }: ProposalView, decision: Decision, reason: string) {
  const params = { path: { proposal_id: id } };
  switch (decision) {
    case "approve":
      return changing(answer(api.POST("/api/v1/proposals/{proposal_id}/approve", { params, body: { reason } })));
    case "refuse":
      return changing(answer(api.POST("/api/v1/proposals/{proposal_id}/refuse", { params, body: { reason } })));
    case "withdraw":
      return changing(answer(api.POST("/api/v1/proposals/{proposal_id}/withdraw", { params })));
  }
}

/** Sends a model's package: a ZIP file of its folder. */
export function registerPackage(file: File, onSent: (sent: Sent) => void, signal: AbortSignal) {
  return changing(upload("/api/v1/models", file, onSent, signal) as Promise<ModelDetail>);
}

/** Goes back from a model in a scope; refused where another one is in service there by now. */
export function rollBack(scope: string, reason: string, digest: string) {
  return changing(answer(api.POST("/api/v1/models/rollback", { body: { scope, reason, model_digest: digest } })));
}

export function reanalyse(scope: string, since: string) {
  return answer(api.POST("/api/v1/models/reanalyse", { body: { scope, since } }));
}

export function reject(digest: string, reason: string) {
  return changing(answer(api.POST("/api/v1/models/{digest}/reject", { params: { path: { digest } }, body: { reason } })));
}

export function startShadow(digest: string, scope: string, share: number) {
  const params = { path: { digest } };
  return changing(answer(api.POST("/api/v1/models/{digest}/shadow", { params, body: { scope, share } })));
}

export function endShadow(digest: string) {
  return changing(answer(api.DELETE("/api/v1/models/{digest}/shadow", { params: { path: { digest } } })));
}

/** The event comes as well, but who did it is to see it at once; after a refusal nothing is waited for. */
async function changing<Data>(deed: Promise<Data>): Promise<Data> {
  try {
    const answered = await deed;
    await loadAnew(keys.models);
    return answered;
  } catch (error) {
    void loadAnew(keys.models);
    throw error;
  }
}
