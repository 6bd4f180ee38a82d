"""Inference jobs: the queue of record. What Celery carries only points here."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from cloud_service.cases.aggregate import refresh_cases
from cloud_service.database import upsert
from cloud_service.delivery.events import record_capture_events
from cloud_service.delivery.results import add_delivery
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Capture, InferenceJob, now
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, JobState, Priority


def add_jobs(session: Session, captures: Sequence[Capture]) -> None:
    """Put captures, at least one, into the queue, within the transaction that stores them; once, however often told."""
    jobs = [
        {
            "capture_id": capture.id,
            "state": JobState.WAITING,
            "urgency": 0 if capture.priority == Priority.URGENT else 1,
        }
        for capture in captures
    ]
    session.execute(upsert(session, InferenceJob).on_conflict_do_nothing(), jobs)


def retry_job(session: Session, capture_id: UUID) -> None:
    """A person's retry of a failed analysis: it queues up anew, with all its attempts and all patience.

    Raises:
        NotFoundError: there is no such capture, or it was never stored.
        ConflictError: its analysis has not failed.
    """
    job = session.get(InferenceJob, capture_id, with_for_update=True)
    if job is None:
        raise NotFoundError(f"Capture {capture_id} has no analysis that could be tried again.")
    if job.state != JobState.FAILED:
        raise ConflictError(f"The analysis of capture {capture_id} is {job.state}; only a failed one is tried again.")
    job.state, job.attempts, job.reason = JobState.WAITING, 0, None
    job.not_before = job.created_at = now()
    capture = session.get_one(Capture, capture_id)
    capture.state, capture.reason = CaptureState.STORED, None
    record_capture_events(session, [capture], refresh_cases(session, [capture]))


def mark_failed(session: Session, capture: Capture, reason: str) -> None:
    """Mark a capture's analysis as failed and tell its device why; its event is the caller's, after all else."""
    capture.state, capture.reason = CaptureState.FAILED, reason
    failure = Result(
        delivery_id=uuid4(),
        capture_id=capture.id,
        sha256=capture.sha256,
        kind=ResultKind.FAILURE,
        reason=reason,
        created_at=now(),
    )
    add_delivery(session, capture, failure)
