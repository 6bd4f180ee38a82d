"""Reads of the gate: assessments and proposals, as the API tells them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, aliased, defer

from cloud_service.audit.trail import Actor
from cloud_service.errors import NotFoundError
from cloud_service.gate.schemas import (
    AssessmentDetail,
    AssessmentSummary,
    ComparisonFigures,
    GateCheck,
    ImpactEntry,
    ProposalView,
)
from cloud_service.gate.standing import obstacle, overtaken, person_of, scope_of
from cloud_service.models import ModelAssessment, ModelProposal, ModelVersion
from cloud_service.registry.versions import version_by_digest
from cloud_service.vocabulary import ProposalState

_Assessed = Row[ModelAssessment, str, str, str | None, str | None]  # name and version of the model, of the champion


def assessments_of(session: Session, digest: str) -> list[AssessmentSummary]:
    """A model's assessments, the newest first.

    Raises:
        NotFoundError: there is no such model.
    """
    version = version_by_digest(session, digest)
    without_impact = _assessed().options(defer(ModelAssessment.impact, raiseload=True))  # it may name many cases
    rows = session.execute(without_impact.where(ModelAssessment.model_digest == version.digest)).all()
    return [AssessmentSummary(**_summary(session, row)) for row in rows]


def assessment_detail(session: Session, assessment_id: UUID) -> AssessmentDetail:
    """One assessment with all that it found.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = session.execute(_assessed().where(ModelAssessment.id == assessment_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no assessment {assessment_id}.")
    assessment: ModelAssessment = row[0]
    return AssessmentDetail(
        **_summary(session, row),
        checks=[GateCheck.model_validate(check) for check in assessment.checks],
        figures=ComparisonFigures.model_validate(assessment.figures),
        impact=[ImpactEntry.model_validate(entry) for entry in assessment.impact],
    )


def proposals(
    session: Session, actor: Actor, *, state: ProposalState | None = None, digest: str | None = None
) -> list[ProposalView]:
    """Proposals, the newest first: those in one state, or for one model, where these are named."""
    query = select(ModelProposal).order_by(ModelProposal.proposed_at.desc(), ModelProposal.id)
    if state is not None:
        query = query.where(ModelProposal.state == state)
    if digest is not None:
        query = query.where(ModelProposal.model_digest == digest)
    return [proposal_view(session, actor, row) for row in session.scalars(query)]


def known_proposal(session: Session, proposal_id: UUID, *, lock: bool = False) -> ModelProposal:
    """A proposal, locked on wish.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.get(ModelProposal, proposal_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFoundError(f"There is no proposal {proposal_id}.")
    return found


def proposal_view(session: Session, actor: Actor, proposal: ModelProposal) -> ProposalView:
    """A proposal, as the one who asks may decide on it."""
    version = session.get_one(ModelVersion, proposal.model_digest)
    assessment = session.get_one(ModelAssessment, proposal.assessment_id)
    in_the_way = obstacle(session, proposal, assessment, version, actor)
    return ProposalView(
        id=proposal.id,
        model_digest=proposal.model_digest,
        model_name=version.name,
        model_version=version.version,
        scope=proposal.scope,
        assessment_id=assessment.id,
        passed=assessment.passed,
        champion_digest=assessment.champion_digest,
        state=ProposalState(proposal.state),
        reason=proposal.reason,
        override_reason=proposal.override_reason,
        proposed_by=proposal.proposed_by,
        is_own=person_of(actor.name) == person_of(proposal.proposed_by),
        proposed_at=proposal.proposed_at,
        decided_by=proposal.decided_by,
        decided_at=proposal.decided_at,
        decision_reason=proposal.decision_reason,
        obstacle=in_the_way.words if in_the_way else None,
    )


def failed_titles(checks: Sequence[dict[str, Any]]) -> list[str]:
    """Titles of the checks that were not passed, of an assessment's row."""
    return [check["title"] for check in checks if check["passed"] is not True]


def _assessed() -> Select[ModelAssessment, str, str, str | None, str | None]:
    model, champion = aliased(ModelVersion), aliased(ModelVersion)
    return (
        select(ModelAssessment, model.name, model.version, champion.name, champion.version)
        .join(model, model.digest == ModelAssessment.model_digest)
        .outerjoin(champion, champion.digest == ModelAssessment.champion_digest)
        .order_by(ModelAssessment.created_at.desc(), ModelAssessment.id)
    )


def _summary(session: Session, row: _Assessed) -> dict[str, Any]:
    assessment, name, version, champion_name, champion_version = row
    return {
        "id": assessment.id,
        "model_digest": assessment.model_digest,
        "model_name": name,
        "model_version": version,
        "champion_digest": assessment.champion_digest,
        "champion_name": champion_name,
        "champion_version": champion_version,
        "scope": scope_of(assessment),
        "passed": assessment.passed,
        "failed": failed_titles(assessment.checks),
        "job_id": assessment.job_id,
        "created_at": assessment.created_at,
        "overtaken": overtaken(session, assessment),
    }
