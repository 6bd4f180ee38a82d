"""How jobs come into the training queue, and how people end them."""

from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.delivery.events import EventKind, record_event
from cloud_service.errors import ConflictError
from cloud_service.models import Event, TrainingJob, now
from cloud_service.training.kinds import JobKind, kind_of
from cloud_service.training.queries import job_summary, known_job
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from shared.errors import PermanentError
from shared.logs import get_logger

MOST_REASON: Final = 2000
"""Characters of a job's reason, as the database keeps it."""

log = get_logger(__name__)


def add_job(
    session: Session, actor: Actor, kind: TrainingJobKind, subject: str, parameters: dict[str, Any]
) -> TrainingJob:
    """Put long work into the queue, within the transaction of what asks for it.

    What the audit trail says of it is the caller's; so are the wake-up calls after the commit (`WakeUps.training`,
    `WakeUps.changes`). Call `tell` at the end of the transaction.

    Args:
        session: the transaction.
        actor: who wants it.
        kind: what is to be done.
        subject: with what: id of an import or of a recipe, digest of a model.
        parameters: what else the kind needs to know, fit for JSON.
    """
    job = TrainingJob(id=uuid4(), kind=kind, subject=subject, parameters=parameters, created_by=actor.name)
    session.add(job)
    session.flush()
    return job


def cancel_job(session: Session, actor: Actor, job_id: UUID) -> TrainingJob:
    """End a job that waits, now; let one that is worked on be ended by its worker, within seconds.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it is over, or somebody has cancelled it already.
    """
    job = known_job(session, job_id, lock=True)
    if TrainingJobState(job.state).is_over or job.cancel_asked_by is not None:
        state = job.state if job.ended_at else f"being cancelled for {job.cancel_asked_by}"
        raise ConflictError(f"Training job {job_id} is {state} already; nothing is left to cancel.")
    job.cancel_asked_by = actor.name
    if job.state == TrainingJobState.WAITING:
        fail(session, job, kind_of(job.kind), "")
    else:
        tell(session, job)
    record(session, actor, Action.TRAINING_CANCELLED, str(job_id), kind=job.kind)
    return job


def fail(session: Session, job: TrainingJob, kind: JobKind, reason: str) -> None:
    """Give up for good a job that this transaction holds: it failed, or was cancelled where somebody wanted that.

    It ends also where its kind cannot note that, say since its subject is gone: else it would hold up all others.
    """
    cancelled = job.cancel_asked_by is not None
    job.reason = f"{job.cancel_asked_by} cancelled it." if cancelled else reason[:MOST_REASON]
    try:
        with session.begin_nested():
            kind.fail(session, job, job.reason)
    except PermanentError as error:
        log.warning("a job has ended, and its kind could not note that", job=str(job.id), reason=str(error))
    end(session, job, TrainingJobState.CANCELLED if cancelled else TrainingJobState.FAILED, job.reason)


def end(session: Session, job: TrainingJob, state: TrainingJobState, reason: str | None) -> None:
    """End a job that this transaction holds, in one of the states that are over, and tell of it."""
    job.state, job.worker, job.lease_until, job.ended_at = state, None, None, now()
    job.reason = reason and reason[:MOST_REASON]
    tell(session, job)


def tell(session: Session, job: TrainingJob, instead_of: int | None = None) -> int:
    """Tell those who watch where a job stands; a last step of a transaction, as the audit trail's entry is.

    Args:
        session: the transaction.
        job: as it stands now.
        instead_of: position of an earlier event of the job that this one replaces: ten hours of training would
            otherwise leave 36,000 of them.

    Returns:
        The event's position.
    """
    session.flush()
    payload = job_summary(session, job).model_dump(mode="json")
    if instead_of is not None:
        session.execute(delete(Event).where(Event.position == instead_of, Event.subject == str(job.id)))
    return record_event(session, EventKind.TRAINING, str(job.id), payload, None)
