"""The signed cases on which a model is tried, with what people and the model in service said of their images."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from cloud_service.gate.margins import MOST_SIGNED_IMAGES
from cloud_service.gate.work_order import OrderedCase, OrderedImage, Said
from cloud_service.models import (
    EVERYWHERE,
    KEPT,
    Capture,
    Case,
    Dataset,
    DatasetImage,
    LabelCandidate,
    Prediction,
    Report,
)
from cloud_service.vocabulary import DatasetPurpose
from shared.vocabulary import Label, PersonVerdict


def signed_cases(session: Session, *, scope: str, champion: str | None) -> tuple[list[OrderedCase], int]:
    """The newest signed cases of a scope, and how many there are in all.

    Args:
        session: the transaction.
        scope: a site's id, or EVERYWHERE: all sites.
        champion: digest of the model whose own answers are wanted; None: of none.
    """
    signed = (
        Case.signed_at.is_not(None) if scope == EVERYWHERE else and_(Case.signed_at.is_not(None), Case.site_id == scope)
    )
    of_cases = session.scalar(select(func.count()).select_from(Case).where(signed)) or 0
    rows = session.execute(_images(signed, champion).limit(MOST_SIGNED_IMAGES + 1)).all()
    cases = [_case(list(images)) for _, images in groupby(rows, key=lambda row: row.case_id)]
    if len(rows) > MOST_SIGNED_IMAGES and len(cases) > 1:
        cases.pop()  # its last images may be missing
    return cases, of_cases


def _images(signed: ColumnElement[bool], champion: str | None) -> Select[Any]:
    newest = select(func.max(Report.number)).where(Report.case_id == Case.id).correlate(Case).scalar_subquery()
    in_training = exists().where(
        DatasetImage.capture_id == Capture.id,
        Dataset.id == DatasetImage.dataset_id,
        Dataset.purpose == DatasetPurpose.TRAINING,
    )
    answered = and_(Prediction.capture_id == Capture.id, Prediction.model_digest == champion)
    return (
        select(
            Case.id.label("case_id"),
            Case.site_id,
            Case.signed_at,
            Report.content["verdict"].as_string().label("verdict"),
            Capture.id.label("capture_id"),
            Capture.sha256,
            LabelCandidate.is_all,
            in_training.label("in_training"),
            Prediction.probability,
            Prediction.label,
            Prediction.doubts,
        )
        .join(Report, and_(Report.case_id == Case.id, Report.number == newest))
        .join(Capture, and_(Capture.site_id == Case.site_id, Capture.case_pseudonym == Case.pseudonym))
        .outerjoin(LabelCandidate, LabelCandidate.capture_id == Capture.id)
        .outerjoin(Prediction, answered)
        .where(signed, Capture.state.in_(KEPT))
        .order_by(Case.signed_at.desc(), Case.id, Capture.id)
    )


def _case(rows: Sequence[Row[Any]]) -> OrderedCase:
    first = rows[0]
    return OrderedCase(
        case_id=first.case_id,
        site=first.site_id,
        signed_at=first.signed_at,
        verdict=PersonVerdict(first.verdict),
        images=[_image(row) for row in rows],
    )


def _image(row: Row[Any]) -> OrderedImage:
    said = None
    if row.probability is not None:
        said = Said(probability=row.probability, label=Label(row.label), doubted=bool(row.doubts))
    return OrderedImage(
        capture_id=row.capture_id,
        sha256=row.sha256,
        verdict=row.is_all,
        in_training=row.in_training,
        champion=said,
    )
