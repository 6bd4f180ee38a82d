"""Shadow runs: a model answers some of the live captures beside the one in service, and no case ever shows it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, and_, case, func, select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError
from cloud_service.models import Capture, Case, ShadowPrediction, ShadowRun, now
from cloud_service.registry.activations import check_scope
from cloud_service.registry.events import record_model_events
from cloud_service.registry.queries import shadow_runs
from cloud_service.registry.schemas import ShadowDifference, ShadowSummary
from cloud_service.registry.states import settle_states
from cloud_service.registry.turns import wait_for_turn
from cloud_service.registry.versions import active_digest, version_by_digest
from cloud_service.vocabulary import ModelState
from shared.vocabulary import Label

_MOST_DIFFERENCES = 100


def start_shadow(session: Session, actor: Actor, *, digest: str, scope: str, share: float) -> ShadowRun:
    """Let a model answer a share of a scope's captures that come from now on, in the shadow of the one in service.

    Raises:
        NotFoundError: there is no such model or site.
        ConflictError: it is in service there, was rejected, runs in the shadow already, or its package is not kept.
    """
    wait_for_turn(session)
    version = version_by_digest(session, digest)
    check_scope(session, scope)
    if version.state == ModelState.REJECTED:
        raise ConflictError(f"Model {digest[:12]} was rejected.")
    if version.package_sha256 is None:
        raise ConflictError(f"The package of model {digest[:12]} is not kept here; register it first.")
    if active_digest(session, scope) == version.digest:
        raise ConflictError(f"Model {digest[:12]} is in service there itself.")
    running = select(ShadowRun.id).where(ShadowRun.model_digest == version.digest, ShadowRun.ended_at.is_(None))
    if session.scalars(running).first() is not None:
        raise ConflictError(f"Model {digest[:12]} runs in the shadow already; end that run first.")
    run = ShadowRun(id=uuid4(), model_digest=version.digest, scope=scope, share=share, started_by=actor.name)
    session.add(run)
    settle_states(session)
    record_model_events(session, [version.digest])
    record(session, actor, Action.SHADOW_STARTED, version.digest, scope=scope, share=share)
    return run


def end_shadow(session: Session, actor: Actor, *, digest: str) -> None:
    """End a model's shadow run; what it answered stays.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it does not run in the shadow.
    """
    wait_for_turn(session)
    version = version_by_digest(session, digest)
    query = select(ShadowRun).where(ShadowRun.model_digest == version.digest, ShadowRun.ended_at.is_(None))
    runs = session.scalars(query).all()
    if not runs:
        raise ConflictError(f"Model {digest[:12]} does not run in the shadow.")
    for run in runs:
        run.ended_at, run.ended_by = now(), actor.name
    settle_states(session)
    record_model_events(session, [version.digest])
    record(session, actor, Action.SHADOW_ENDED, version.digest)


def shadow_summary(session: Session, digest: str) -> ShadowSummary:
    """How a model did in the shadow of the one in service.

    Raises:
        NotFoundError: there is no such model.
    """
    version = version_by_digest(session, digest)
    shadow, suspicious = ShadowPrediction, Label.SUSPICIOUS
    alone = and_(shadow.label == suspicious, shadow.given_label != suspicious)
    other_alone = and_(shadow.label != suspicious, shadow.given_label == suspicious)
    difference = shadow.probability - shadow.given_probability
    captures, agreeing, more, less, mean, absolute = session.execute(
        select(
            func.count(),
            _count(shadow.label == shadow.given_label),
            _count(alone),
            _count(other_alone),
            func.avg(difference),
            func.avg(func.abs(difference)),
        ).where(shadow.model_digest == version.digest)
    ).one()
    return ShadowSummary(
        runs=shadow_runs(session, version.digest),
        captures=captures,
        agreement=agreeing / captures if captures else None,
        more_suspicious=more or 0,
        less_suspicious=less or 0,
        mean_difference=mean,
        mean_absolute_difference=absolute,
        differing=[_difference(row) for row in _differing(session, version.digest)],
    )


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _differing(session: Session, digest: str) -> Sequence[Row[ShadowPrediction, str, UUID]]:
    return session.execute(
        select(ShadowPrediction, Capture.site_id, Case.id)
        .join(Capture, Capture.id == ShadowPrediction.capture_id)
        .outerjoin(Case, and_(Case.pseudonym == Capture.case_pseudonym, Case.site_id == Capture.site_id))
        .where(ShadowPrediction.model_digest == digest, ShadowPrediction.label != ShadowPrediction.given_label)
        .order_by(ShadowPrediction.created_at.desc(), ShadowPrediction.capture_id)
        .limit(_MOST_DIFFERENCES)
    ).all()


def _difference(row: Row[ShadowPrediction, str, UUID]) -> ShadowDifference:
    shadow, site, case_id = row
    return ShadowDifference(
        capture_id=shadow.capture_id,
        site=site,
        case_id=case_id,
        beside_digest=shadow.beside_digest,
        given_label=Label(shadow.given_label),
        given_probability=shadow.given_probability,
        label=Label(shadow.label),
        probability=shadow.probability,
        at=shadow.created_at,
    )
