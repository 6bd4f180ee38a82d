"""The gate over HTTP: models are assessed, proposed by one person, and put into service by another."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import snapshot, transaction
from cloud_service.gate import queries, service
from cloud_service.gate.proposals import approve, check_proposed_package, propose, refuse, withdraw
from cloud_service.gate.schemas import (
    AssessmentDetail,
    AssessmentRequest,
    AssessmentSummary,
    DecisionRequest,
    ProposalRequest,
    ProposalView,
)
from cloud_service.training.queries import job_summary
from cloud_service.training.schemas import TrainingJobSummary
from cloud_service.vocabulary import ProposalState
from cloud_service.web.services import Reading, services
from shared.identifiers import Sha256

router = APIRouter(prefix="/api/v1", tags=["gate"])

Viewer = Annotated[Identity, requires(Permission.SEE_MODELS)]
Manager = Annotated[Identity, requires(Permission.MANAGE_MODELS)]


@router.post("/models/{digest}/assessments", status_code=HTTPStatus.CREATED)
def assess_model(who: Manager, request: Request, digest: Sha256, wanted: AssessmentRequest) -> TrainingJobSummary:
    """Queue the measuring of a model against the one in service; the job's result names the assessment."""
    held = services(request)
    with transaction(held.engine) as session:
        job = service.assess(session, who.actor, digest=digest, scope=wanted.scope, promises=wanted.promises)
        summary = job_summary(session, job)
    held.notifier.training()
    held.notifier.changes()
    return summary


@router.get("/models/{digest}/assessments")
def list_assessments(_who: Viewer, session: Reading, digest: Sha256) -> list[AssessmentSummary]:
    """How a model did at the gate, the newest assessment first."""
    return queries.assessments_of(session, digest)


@router.get("/assessments/{assessment_id}")
def get_assessment(_who: Viewer, session: Reading, assessment_id: UUID) -> AssessmentDetail:
    """One assessment: the checks in words, the figures of both models, and the signed cases called otherwise."""
    return queries.assessment_detail(session, assessment_id)


@router.post("/models/{digest}/proposals", status_code=HTTPStatus.CREATED)
def propose_model(who: Manager, request: Request, digest: Sha256, wanted: ProposalRequest) -> ProposalView:
    """Propose that a model come into service; another administrator decides."""
    held = services(request)
    with transaction(held.engine) as session:
        proposal = propose(
            session,
            who.actor,
            digest=digest,
            scope=wanted.scope,
            assessment_id=wanted.assessment_id,
            reason=wanted.reason,
            override_reason=wanted.override_reason,
        )
        view = queries.proposal_view(session, who.actor, proposal)
    held.notifier.changes()
    return view


@router.get("/proposals")
def list_proposals(
    who: Viewer, session: Reading, state: ProposalState | None = None, digest: Sha256 | None = None
) -> list[ProposalView]:
    """Proposals, the newest first."""
    return queries.proposals(session, who.actor, state=state, digest=digest)


@router.get("/proposals/{proposal_id}")
def get_proposal(who: Viewer, session: Reading, proposal_id: UUID) -> ProposalView:
    """One proposal."""
    return queries.proposal_view(session, who.actor, queries.known_proposal(session, proposal_id))


@router.post("/proposals/{proposal_id}/approve")
def approve_proposal(who: Manager, request: Request, proposal_id: UUID, wanted: DecisionRequest) -> ProposalView:
    """Put the model into service, as the second person."""
    held = services(request)
    with snapshot(held.engine) as session:
        checked = check_proposed_package(session, held.blobs, proposal_id)
    with transaction(held.engine) as session:
        proposal = approve(session, who.actor, checked, reason=wanted.reason)
        view = queries.proposal_view(session, who.actor, proposal)
    held.notifier.inference()
    held.notifier.changes()
    return view


@router.post("/proposals/{proposal_id}/refuse")
def refuse_proposal(who: Manager, request: Request, proposal_id: UUID, wanted: DecisionRequest) -> ProposalView:
    """Decide against a proposal, as the second person."""
    held = services(request)
    with transaction(held.engine) as session:
        proposal = refuse(session, who.actor, proposal_id, reason=wanted.reason)
        view = queries.proposal_view(session, who.actor, proposal)
    held.notifier.changes()
    return view


@router.post("/proposals/{proposal_id}/withdraw")
def withdraw_proposal(who: Manager, request: Request, proposal_id: UUID) -> ProposalView:
    """Take back one's own proposal."""
    held = services(request)
    with transaction(held.engine) as session:
        proposal = withdraw(session, who.actor, proposal_id)
        view = queries.proposal_view(session, who.actor, proposal)
    held.notifier.changes()
    return view
