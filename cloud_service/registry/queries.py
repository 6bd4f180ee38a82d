"""Reads of the registry: model versions, and what they were in service for."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.errors import NotFoundError
from cloud_service.models import (
    ModelActivation,
    ModelAssessment,
    ModelVersion,
    Prediction,
    ShadowRun,
)
from cloud_service.registry.schemas import ActivationView, ModelDetail, ModelSummary, ShadowRunView
from cloud_service.vocabulary import ActivationKind, ModelState


def all_models(session: Session) -> list[ModelSummary]:
    """Every model version, the newest first."""
    return _summaries(session)


def model_summaries(session: Session, digests: Collection[str]) -> list[ModelSummary]:
    """Some model versions, the newest first."""
    return _summaries(session, digests)


def model_by_digest(session: Session, digest: str) -> ModelDetail:
    """One model with its card and its history.

    Raises:
        NotFoundError: none with this digest is registered.
    """
    for summary in _summaries(session, [digest]):
        return ModelDetail(
            **dict(summary),
            card=session.get_one(ModelVersion, digest).card,
            timeline=timeline(session, digest=digest),
            shadow_runs=shadow_runs(session, digest),
            assessments=_assessments(session, digest),
        )
    raise NotFoundError(f"No model with the digest {digest} is registered.")


def timeline(session: Session, *, scope: str | None = None, digest: str | None = None) -> list[ActivationView]:
    """Which model was in service when, the newest first; of one scope, or of one model, where they are named."""
    query = select(ModelActivation, ModelVersion.name, ModelVersion.version).join(
        ModelVersion, ModelVersion.digest == ModelActivation.model_digest
    )
    if scope is not None:
        query = query.where(ModelActivation.scope == scope)
    if digest is not None:
        query = query.where(ModelActivation.model_digest == digest)
    rows = session.execute(query.order_by(ModelActivation.from_at.desc(), ModelActivation.id))
    return [activation_view(activation, name, version) for activation, name, version in rows]


def activation_view(activation: ModelActivation, name: str, version: str) -> ActivationView:
    """What is told of an activation of the model with this name and version."""
    return ActivationView(
        id=activation.id,
        scope=activation.scope,
        model_digest=activation.model_digest,
        model_name=name,
        model_version=version,
        kind=ActivationKind(activation.kind),
        from_at=activation.from_at,
        until_at=activation.until_at,
        by=activation.by,
        approved_by=activation.approved_by,
        reason=activation.reason,
        proposal_id=activation.proposal_id,
    )


def shadow_runs(session: Session, digest: str) -> list[ShadowRunView]:
    """The shadow runs of a model, the newest first."""
    runs = select(ShadowRun).where(ShadowRun.model_digest == digest)
    found = session.scalars(runs.order_by(ShadowRun.started_at.desc(), ShadowRun.id))
    return [ShadowRunView.model_validate(run) for run in found]


def _assessments(session: Session, digest: str) -> list[UUID]:
    found = select(ModelAssessment.id).where(ModelAssessment.model_digest == digest)
    return list(session.scalars(found.order_by(ModelAssessment.created_at.desc(), ModelAssessment.id)))


def _summaries(session: Session, digests: Collection[str] | None = None) -> list[ModelSummary]:
    session.flush()
    answers = select(
        Prediction.model_digest,
        func.count().label("answers"),
        func.max(Prediction.created_at).label("last_used_at"),
    ).group_by(Prediction.model_digest)
    if digests is not None:
        answers = answers.where(Prediction.model_digest.in_(digests))
    counted = answers.subquery()
    # Columns, not rows: the whole card would be read with each.
    query = (
        select(
            ModelVersion.digest,
            ModelVersion.name,
            ModelVersion.version,
            ModelVersion.state,
            ModelVersion.package_sha256,
            ModelVersion.training_job_id,
            ModelVersion.registered_by,
            ModelVersion.registered_at,
            counted.c.answers,
            counted.c.last_used_at,
        )
        .outerjoin(counted, counted.c.model_digest == ModelVersion.digest)
        .order_by(ModelVersion.registered_at.desc(), ModelVersion.digest)
    )
    if digests is not None:
        query = query.where(ModelVersion.digest.in_(digests))
    active = _active_in(session)
    return [
        ModelSummary(
            digest=row.digest,
            name=row.name,
            version=row.version,
            state=ModelState(row.state),
            active_in=active[row.digest],
            is_kept=row.package_sha256 is not None,
            training_job_id=row.training_job_id,
            registered_by=row.registered_by,
            registered_at=row.registered_at,
            last_used_at=row.last_used_at,
            answers=row.answers or 0,
        )
        for row in session.execute(query)
    ]


def _active_in(session: Session) -> defaultdict[str, list[str]]:
    rows = session.execute(
        select(ModelActivation.model_digest, ModelActivation.scope)
        .where(ModelActivation.until_at.is_(None))
        .order_by(ModelActivation.scope)
    )
    scopes: defaultdict[str, list[str]] = defaultdict(list)
    for digest, scope in rows:
        scopes[digest].append(scope)
    return scopes
