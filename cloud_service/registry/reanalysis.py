"""Analyses anew: offered after a change of model, done only where a person asks, never for a signed case."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.models import EVERYWHERE, Capture, Case, InferenceJob, ModelActivation, Prediction, now
from cloud_service.registry.activations import check_scope
from cloud_service.registry.schemas import Reanalysis, ReanalysisOffer
from shared.vocabulary import CaptureState, JobState

AGAIN_URGENCY = 2
"""Behind urgent and routine captures, which nobody has an answer for yet."""


def offer(session: Session, *, scope: str, since: datetime) -> ReanalysisOffer:
    """How many captures could be analysed anew.

    Raises:
        NotFoundError: there is no such site.
    """
    check_scope(session, scope)
    wanted = _wanted(scope, since).subquery()
    captures = session.scalar(select(func.count()).select_from(wanted)) or 0
    return ReanalysisOffer(scope=scope, since=since, captures=captures)


def reanalyse(session: Session, actor: Actor, *, scope: str, since: datetime) -> Reanalysis:
    """Queue captures of unsigned cases anew whose newest answer is not of the model in service.

    They keep their answer until the new one is there. A second call while they wait changes nothing.

    Raises:
        NotFoundError: there is no such site.
    """
    check_scope(session, scope)
    wanted = _wanted(scope, since).subquery()
    queued = session.scalars(
        update(InferenceJob)
        .where(InferenceJob.capture_id.in_(select(wanted.c.id)), InferenceJob.state == JobState.DONE)
        .values(
            state=JobState.WAITING,
            attempts=0,
            reason=None,
            urgency=AGAIN_URGENCY,
            token=InferenceJob.token + 1,
            not_before=now(),
            created_at=now(),
        )
        .returning(InferenceJob.capture_id)
        .execution_options(synchronize_session=False)
    ).all()
    record(session, actor, Action.REANALYSIS_ASKED, scope, since=since.isoformat(), captures=len(queued))
    return Reanalysis(scope=scope, since=since, captures=len(queued))


def _wanted(scope: str, since: datetime) -> Select[Any]:
    own, everywhere = ModelActivation.__table__.alias("own"), ModelActivation.__table__.alias("everywhere")
    in_service = func.coalesce(own.c.model_digest, everywhere.c.model_digest)
    newest = (
        select(Prediction.model_digest)
        .where(Prediction.capture_id == Capture.id)
        .order_by(Prediction.created_at.desc(), Prediction.id)
        .limit(1)
        .correlate(Capture)
        .scalar_subquery()
    )
    query = (
        select(Capture.id)
        .join(Case, and_(Case.pseudonym == Capture.case_pseudonym, Case.site_id == Capture.site_id))
        .join(InferenceJob, InferenceJob.capture_id == Capture.id)
        .outerjoin(own, and_(own.c.scope == Capture.site_id, own.c.until_at.is_(None)))
        .outerjoin(everywhere, and_(everywhere.c.scope == EVERYWHERE, everywhere.c.until_at.is_(None)))
        .where(
            Capture.state == CaptureState.ANALYSED,
            Capture.announced_at >= since,
            Case.signed_at.is_(None),
            InferenceJob.state == JobState.DONE,
            or_(newest != in_service),
        )
    )
    if scope == EVERYWHERE:
        # What a model everywhere answers for: sites with a model of their own are not touched by its change.
        return query.where(own.c.id.is_(None))
    return query.where(Capture.site_id == scope)
