"""Writes what became of a batch of claims: everything that one outcome changes, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from cloud_service.captures.custody import stamp
from cloud_service.database import upsert
from cloud_service.delivery.events import record_capture_event
from cloud_service.delivery.results import add_delivery
from cloud_service.errors import LostClaimError
from cloud_service.inference.claims import Claim, complete, fail, release
from cloud_service.inference.outcomes import Answer, Outcome, Postponement, Refusal
from cloud_service.ml.package import ModelPackage
from cloud_service.models import Capture, ModelVersion, Prediction, now
from shared.logs import get_logger
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, CustodyStage, Label

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers: a model in a runtime, and how long it waits for faults that may pass."""

    package: ModelPackage
    runtime_name: str
    patience: timedelta


def write_outcomes(session: Session, answerer: Answerer, outcomes: Mapping[Claim, Outcome]) -> int:
    """Write the outcomes of those claims that still hold; the others are logged and left to who holds them now.

    Events come last: from the first one to the commit, all other writers of events wait.

    Returns:
        The number of outcomes written.
    """
    _introduce(session, answerer.package)
    written = 0
    changed: list[Capture] = []
    for claim, outcome in sorted(outcomes.items(), key=lambda item: item[0].capture_id):
        try:
            is_changed = _write(session, answerer, claim, outcome)
        except LostClaimError as error:
            log.warning("outcome not written", capture=str(claim.capture_id), reason=str(error))
            continue
        written += 1
        if is_changed:
            changed.append(session.get_one(Capture, claim.capture_id))
    for capture in changed:
        record_capture_event(session, capture)
    return written


def _write(session: Session, answerer: Answerer, claim: Claim, outcome: Outcome) -> bool:
    """Write one outcome; return whether the capture has changed by it."""
    match outcome:
        case Answer(probability):
            complete(session, claim)
            _answer(session, answerer, session.get_one(Capture, claim.capture_id), probability)
            return True
        case Postponement(reason) if now() - claim.queued_at < answerer.patience:
            release(session, claim, reason)
            log.warning("analysis postponed", capture=str(claim.capture_id), reason=reason)
            return False
        case Refusal(reason) | Postponement(reason):
            fail(session, claim, reason)
            log.warning("analysis failed", capture=str(claim.capture_id), reason=reason)
            return True


def _answer(session: Session, answerer: Answerer, capture: Capture, probability: float) -> None:
    answered_at = now()
    label = answerer.package.card.label_of(probability)
    capture.state, capture.reason = CaptureState.ANALYSED, None
    stamp(session, capture.id, CustodyStage.ANALYSED, answered_at)
    row = {
        "id": uuid4(),
        "capture_id": capture.id,
        "model_digest": answerer.package.digest,
        "probability": probability,
        "label": label,
        "runtime": answerer.runtime_name,
        "created_at": answered_at,
    }
    is_new = session.execute(
        upsert(session, Prediction).values(row).on_conflict_do_nothing().returning(Prediction.id)
    ).first()
    if is_new:  # otherwise this model has answered before, and that answer was delivered then
        add_delivery(session, capture, _result(capture, answerer.package, probability, label, answered_at))


def _result(capture: Capture, package: ModelPackage, probability: float, label: Label, answered_at: datetime) -> Result:
    return Result(
        delivery_id=uuid4(),
        capture_id=capture.id,
        sha256=capture.sha256,
        kind=ResultKind.PREDICTION,
        model_name=package.card.name,
        model_version=package.card.version,
        model_digest=package.digest,
        probability=probability,
        label=label,
        created_at=answered_at,
    )


def _introduce(session: Session, package: ModelPackage) -> None:
    """See that the model has its row, to which predictions point."""
    card: dict[str, Any] = package.card.model_dump(mode="json")
    row = {"digest": package.digest, "name": package.card.name, "version": package.card.version, "card": card}
    session.execute(upsert(session, ModelVersion).values(row).on_conflict_do_nothing())
