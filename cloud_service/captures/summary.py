"""Gathers captures' summaries from their rows; the API and the event stream say the same."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from cloud_service.captures.schemas import CaptureSummary, CustodyStep, PredictionSummary
from cloud_service.models import Capture, CustodyEntry, ModelVersion, Prediction
from shared.imaging.quality import Verdict
from shared.vocabulary import CaptureState, CustodyStage, Label

_ORDER = {stage: rank for rank, stage in enumerate(CustodyStage)}


def capture_summary(session: Session, capture: Capture) -> CaptureSummary:
    """The summary of one capture as this transaction sees it."""
    return capture_summaries(session, [capture])[0]


def capture_summaries(session: Session, captures: Sequence[Capture]) -> list[CaptureSummary]:
    """The summaries of captures as this transaction sees them, in the order given, with two queries for them all."""
    session.flush()
    ids = [capture.id for capture in captures]
    predictions, trails = _newest_predictions(session, ids), _trails(session, ids)
    return [_summary(capture, predictions.get(capture.id), trails[capture.id]) for capture in captures]


def _summary(capture: Capture, prediction: PredictionSummary | None, trail: list[CustodyStep]) -> CaptureSummary:
    return CaptureSummary(
        id=capture.id,
        site=capture.site_id,
        device=capture.device_id,
        case=capture.case_pseudonym,
        smear=capture.smear,
        stain=capture.stain,
        state=CaptureState(capture.state),
        reason=capture.reason,
        media_type=capture.media_type,
        width=capture.width,
        height=capture.height,
        micrometres_per_pixel=capture.micrometres_per_pixel,
        quality_verdict=Verdict(capture.quality["verdict"]),
        quality_reasons=[str(reason) for reason in capture.quality.get("reasons", ())],
        captured_at=capture.captured_at,
        announced_at=capture.announced_at,
        received_at=capture.received_at,
        prediction=prediction,
        custody=trail,
    )


def _newest_predictions(session: Session, capture_ids: Collection[UUID]) -> dict[UUID, PredictionSummary]:
    # Columns, not rows: a model's whole card would be read with each prediction.
    rows = session.execute(
        select(
            Prediction.capture_id,
            Prediction.label,
            Prediction.probability,
            Prediction.doubts,
            Prediction.model_digest,
            Prediction.created_at,
            ModelVersion.name,
            ModelVersion.version,
        )
        .join(ModelVersion, ModelVersion.digest == Prediction.model_digest)
        .where(Prediction.capture_id.in_(capture_ids))
        .order_by(Prediction.created_at, Prediction.id.desc())
    )
    # In the order of time, so that the newest of a capture stays in the dictionary.
    return {row.capture_id: _prediction(row) for row in rows}


def _prediction(row: Row[UUID, str, float, list[str], str, datetime, str, str]) -> PredictionSummary:
    label = Label(row.label)
    return PredictionSummary(
        label=label,
        wording=label.wording,
        probability=row.probability,
        doubts=row.doubts,
        model_name=row.name,
        model_version=row.version,
        model_digest=row.model_digest,
        created_at=row.created_at,
    )


def _trails(session: Session, capture_ids: Collection[UUID]) -> defaultdict[UUID, list[CustodyStep]]:
    trails: defaultdict[UUID, list[CustodyStep]] = defaultdict(list)
    columns = select(CustodyEntry.capture_id, CustodyEntry.stage, CustodyEntry.at)
    for capture_id, stage, at in session.execute(columns.where(CustodyEntry.capture_id.in_(capture_ids))):
        trails[capture_id].append(CustodyStep(stage=CustodyStage(stage), at=at))
    for trail in trails.values():
        trail.sort(key=lambda step: _ORDER[step.stage])
    return trails
