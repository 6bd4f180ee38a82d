"""Reads of one case and of what belongs to it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from cloud_service.errors import NotFoundError
from cloud_service.models import (
    KEPT,
    Capture,
    Case,
    CaseComment,
    CaseReading,
    ImageFinding,
    ModelVersion,
    Prediction,
    Report,
)

_NO_ANSWER = -1.0  # below every probability


def case_by_id(session: Session, case_id: UUID, *, within: str | None) -> Case:
    """One case, as seen from the site `within`; None sees all.

    Raises:
        NotFoundError: there is none with this id, or it belongs to another site, which is not told apart.
    """
    case = session.get(Case, case_id)
    if case is None or within not in {None, case.site_id}:
        raise NotFoundError(f"There is no case {case_id}.")
    return case


def same_pseudonym(session: Session, case: Case, *, within: str | None) -> Sequence[Case]:
    """Other cases with a case's pseudonym, newest first: of sites that make pseudonyms with the same key."""
    query = select(Case).where(Case.pseudonym == case.pseudonym, Case.id != case.id)
    if within is not None:
        query = query.where(Case.site_id == within)
    return session.scalars(query.order_by(Case.latest_at.desc(), Case.id)).all()


def images_page(
    session: Session, case: Case, *, after: tuple[float, UUID] | None, limit: int
) -> tuple[Sequence[Capture], tuple[float, UUID] | None]:
    """At most `limit` of a case's images behind `after`, the most suspicious first, those without an answer last.

    Returns:
        The images, and what stands for the last of them where there are more.
    """
    newest = (
        select(Prediction.probability)
        .where(Prediction.capture_id == Capture.id)
        .order_by(Prediction.created_at.desc(), Prediction.id)
        .limit(1)
        .scalar_subquery()
    )
    images = (
        select(Capture.id, func.coalesce(newest, _NO_ANSWER).label("probability"))
        .where(Capture.case_pseudonym == case.pseudonym, Capture.site_id == case.site_id, Capture.state.in_(KEPT))
        .subquery()
    )
    query = (
        select(Capture, images.c.probability)
        .join(images, images.c.id == Capture.id)
        .order_by(images.c.probability.desc(), images.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        probability, last = after
        same = and_(images.c.probability == probability, images.c.id > literal(last, Uuid))
        query = query.where(or_(images.c.probability < probability, same))
    rows = session.execute(query).all()
    shown = rows[:limit]
    behind = (shown[-1].probability, shown[-1].Capture.id) if len(rows) > limit else None
    return [row.Capture for row in shown], behind


def comments_of(session: Session, case_id: UUID) -> Sequence[CaseComment]:
    """What was written about a case, oldest first."""
    comments = select(CaseComment).where(CaseComment.case_id == case_id)
    return session.scalars(comments.order_by(CaseComment.created_at, CaseComment.id)).all()


def readings_of(session: Session, case_id: UUID) -> Sequence[tuple[CaseReading, Sequence[ImageFinding]]]:
    """The reads of a case in their order, each with what it says of images."""
    readings = session.scalars(
        select(CaseReading).where(CaseReading.case_id == case_id).order_by(CaseReading.number)
    ).all()
    by_reading: dict[UUID, list[ImageFinding]] = {reading.id: [] for reading in readings}
    if readings:
        rows = select(ImageFinding).where(ImageFinding.reading_id.in_(by_reading))
        for finding in session.scalars(rows.order_by(ImageFinding.capture_id)):
            by_reading[finding.reading_id].append(finding)
    return [(reading, by_reading[reading.id]) for reading in readings]


def reports_of(session: Session, case_id: UUID) -> Sequence[Report]:
    """The reports of a case, in their order."""
    return session.scalars(select(Report).where(Report.case_id == case_id).order_by(Report.number)).all()


def models_of(session: Session, case: Case) -> Sequence[ModelVersion]:
    """The models that have answered for a case's images, by name and version."""
    used = (
        select(Prediction.model_digest)
        .join(Capture, Capture.id == Prediction.capture_id)
        .where(Capture.case_pseudonym == case.pseudonym, Capture.site_id == case.site_id)
    )
    models = select(ModelVersion).where(ModelVersion.digest.in_(used))
    return session.scalars(models.order_by(ModelVersion.name, ModelVersion.version, ModelVersion.digest)).all()


def signed_readers(session: Session, case_id: UUID) -> Sequence[str]:
    """Who has signed a read of this case, the newest first."""
    signed = select(CaseReading.reader).where(CaseReading.case_id == case_id, CaseReading.signed_at.is_not(None))
    return session.scalars(signed.order_by(CaseReading.number.desc())).all()
