"""Writes what became of a batch of claims: everything that one outcome changes, in one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.captures.custody import stamp
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.database import upsert
from cloud_service.delivery.events import record_capture_events
from cloud_service.delivery.results import add_delivery
from cloud_service.errors import LostClaimError
from cloud_service.inference.claims import Claim, complete, fail, release
from cloud_service.inference.outcomes import Answer, Outcome, Postponement, Refusal
from cloud_service.models import Capture, Prediction, now
from shared.logs import get_logger
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, CustodyStage

log = get_logger(__name__)


def write_outcomes(session: Session, outcomes: Mapping[Claim, Outcome], *, patience: timedelta) -> set[UUID]:
    """Write the outcomes of those claims that still hold; the others are logged and left to who holds them now.

    Events come last: from the first one to the commit, all other writers of events wait.

    Args:
        session: the transaction.
        outcomes: of one batch.
        patience: how long an analysis waits for faults that may pass.

    Returns:
        The captures whose answers are written.
    """
    answers = {claim: outcome for claim, outcome in outcomes.items() if isinstance(outcome, Answer)}
    answered = _write_answers(session, answers)
    failed = {
        claim.capture_id
        for claim, outcome in outcomes.items()
        if not isinstance(outcome, Answer) and _write_fault(session, claim, outcome, patience)
    }
    changed = answered | failed
    captures = session.scalars(select(Capture).where(Capture.id.in_(changed)).order_by(Capture.id)).all()
    if captures:
        record_capture_events(session, captures, refresh_cases(session, captures))
    return answered


def _write_answers(session: Session, answers: Mapping[Claim, Answer]) -> set[UUID]:
    """Write the answers whose claim still holds, in few statements for all of them; return their captures."""
    if not answers:
        return set()
    held = complete(session, answers.keys())
    for claim in answers:
        if claim.capture_id not in held:
            log.warning("outcome not written", capture=str(claim.capture_id), reason="the claim was lost meanwhile")
    found = {claim.capture_id: answer for claim, answer in answers.items() if claim.capture_id in held}
    captures = session.scalars(select(Capture).where(Capture.id.in_(held))).all()
    answered_at = now()
    for capture in captures:
        capture.state, capture.reason = CaptureState.ANALYSED, None
    stamp(session, held, {CustodyStage.ANALYSED: answered_at})
    predicted = _predict_once(session, found, answered_at)
    for capture in captures:
        if capture.id in predicted:  # otherwise this model has answered before, and that answer was delivered then
            add_delivery(session, capture, _result(capture, found[capture.id], answered_at))
    return held


def _predict_once(session: Session, found: Mapping[UUID, Answer], answered_at: datetime) -> set[UUID]:
    """Insert the predictions that their models have not made before; return their captures."""
    if not found:
        return set()
    rows = [
        {
            "id": uuid4(),
            "capture_id": capture_id,
            "model_digest": answer.model.digest,
            "probability": answer.probability,
            "label": answer.label,
            "doubts": list(answer.doubts),
            "attention": answer.attention,
            "runtime": answer.model.runtime.name,
            "created_at": answered_at,
        }
        for capture_id, answer in found.items()
    ]
    inserted = upsert(session, Prediction).on_conflict_do_nothing().returning(Prediction.capture_id)
    return set(session.scalars(inserted, rows))


def _write_fault(session: Session, claim: Claim, fault: Refusal | Postponement, patience: timedelta) -> bool:
    """Give a job up, or put it back; return whether its capture has changed by that."""
    is_over = isinstance(fault, Refusal) or now() - claim.queued_at >= patience
    try:
        if is_over:
            fail(session, claim, fault.reason)
        else:
            release(session, claim, fault.reason)
    except LostClaimError as error:
        log.warning("outcome not written", capture=str(claim.capture_id), reason=str(error))
        return False
    outcome = "analysis failed" if is_over else "analysis postponed"
    log.warning(outcome, capture=str(claim.capture_id), reason=fault.reason)
    return is_over


def _result(capture: Capture, answer: Answer, answered_at: datetime) -> Result:
    package = answer.model.package
    return Result(
        delivery_id=uuid4(),
        capture_id=capture.id,
        sha256=capture.sha256,
        kind=ResultKind.PREDICTION,
        model_name=package.card.name,
        model_version=package.card.version,
        model_digest=package.digest,
        probability=answer.probability,
        label=answer.label,
        doubts=answer.doubts,
        created_at=answered_at,
    )
