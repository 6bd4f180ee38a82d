"""Claims on the jobs of the training queue: one at a time, with a lease and a fencing token.

As in `inference.claims`, the database is the queue: an attempt is counted by the very claim, a job whose lease has run
out may be claimed anew, and what a worker writes counts only while its token is the job's newest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from cloud_service.errors import LostClaimError
from cloud_service.models import TrainingJob, now
from cloud_service.training.kinds import JobKind
from cloud_service.training.service import MOST_REASON, end, fail, tell
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from shared.backoff import pause

KindLookup = Callable[[str], JobKind]

_SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 300.0
# A person waits for the dry run of a data set; a training takes hours anyhow.
_URGENCY = case({TrainingJobKind.TRAIN: 2, TrainingJobKind.ASSESS: 1}, value=TrainingJob.kind, else_=0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to work on a job, as long as its token is the job's newest."""

    job_id: UUID
    token: int
    kind: str
    attempts: int
    """This one counted; those before the last epoch that was kept are forgotten."""


def claim_job(session: Session, worker: str, *, lease: timedelta, max_attempts: int) -> Claim | None:
    """Claim the job that is to be worked on next; None where there is none.

    No two calls return the same job within its lease, from whatever process.
    """
    condition = and_(_claimable(now()), TrainingJob.cancel_asked_by.is_(None), TrainingJob.attempts < max_attempts)
    query = select(TrainingJob).where(condition).order_by(_URGENCY, TrainingJob.created_at, TrainingJob.id)
    job = session.scalars(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if job is None:
        return None
    job.state, job.worker, job.lease_until = TrainingJobState.RUNNING, worker, now() + lease
    job.token += 1
    job.attempts += 1
    job.started_at = job.started_at or now()
    tell(session, job)
    return Claim(job.id, job.token, job.kind, job.attempts)


def count_claimable(session: Session) -> int:
    """How many jobs a worker could claim, or would have to give up, at this moment."""
    query = select(func.count()).select_from(TrainingJob).where(_claimable(now()))
    return session.scalar(query) or 0


def is_cancelled(session: Session, claim: Claim) -> bool:
    """Whether somebody wants a claimed job to end.

    Raises:
        LostClaimError: another worker has it now.
    """
    found = session.execute(select(TrainingJob.cancel_asked_by).where(_held(claim))).one_or_none()
    if found is None:
        raise _lost(claim)
    return found.cancel_asked_by is not None


def held_job(session: Session, claim: Claim) -> TrainingJob:
    """A claimed job, locked until the end of the transaction, however long its lease lasts.

    Raises:
        LostClaimError: another worker has it now; nothing may be written.
    """
    query = select(TrainingJob).where(_held(claim)).with_for_update().execution_options(populate_existing=True)
    job = session.scalars(query).one_or_none()
    if job is None:
        raise _lost(claim)
    return job


def finish(session: Session, job: TrainingJob, result: dict[str, object]) -> None:
    """End a held job well, with what came of it."""
    job.result = result
    end(session, job, TrainingJobState.DONE, None)


def put_back(session: Session, job: TrainingJob) -> None:
    """Let a held job wait for another worker, since this one is to end; the attempt does not count."""
    job.attempts -= 1
    _wait(session, job, None, 0.0)


def postpone(session: Session, job: TrainingJob, kind: JobKind, reason: str, patience: timedelta) -> None:
    """Let a held job wait after a fault that may pass; the attempt does not count, as the job is not at fault.

    The wait grows with the time since the fault first came: jittered, from one second to five minutes. When `patience`
    is over, the job is given up.
    """
    moment = now()
    job.troubled_since = job.troubled_since or moment
    trouble = (moment - job.troubled_since).total_seconds()
    if trouble > patience.total_seconds():
        fail(session, job, kind, f"{reason} It was tried again and again for {_in_words(patience)}.")
        return
    job.attempts -= 1
    _wait(session, job, reason, pause(0, max(trouble, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS))


def try_again(session: Session, job: TrainingJob, kind: JobKind, reason: str, max_attempts: int) -> None:
    """Let a held job, whose process ended without an outcome, wait for its next attempt; after the last, give it up."""
    if job.attempts >= max_attempts:
        fail(session, job, kind, f"{reason} That was attempt {job.attempts} of {max_attempts}; see the job's log.")
        return
    _wait(session, job, reason, pause(job.attempts, _SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS))


def give_up_orphans(session: Session, kind_of: KindLookup, max_attempts: int) -> int:
    """End the jobs that no worker holds and none will claim: cancelled ones, and those without attempts left.

    Returns:
        How many there were.
    """
    given_up = or_(TrainingJob.cancel_asked_by.is_not(None), TrainingJob.attempts >= max_attempts)
    query = select(TrainingJob).where(_claimable(now()), given_up).order_by(TrainingJob.id)
    jobs = session.scalars(query.with_for_update(skip_locked=True)).all()
    for job in jobs:
        job.token += 1
        reason = (
            f"{job.attempts} attempts ended without an outcome: each time the worker was killed, or met an error that "
            "its own log tells of. Look there, and whether the machine has memory enough; then start the job anew."
        )
        fail(session, job, kind_of(job.kind), reason)
    return len(jobs)


def _claimable(at: datetime) -> ColumnElement[bool]:
    return or_(
        and_(TrainingJob.state == TrainingJobState.WAITING, TrainingJob.not_before <= at),
        and_(TrainingJob.state == TrainingJobState.RUNNING, TrainingJob.lease_until <= at),
    )


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        TrainingJob.id == claim.job_id,
        TrainingJob.token == claim.token,
        TrainingJob.state == TrainingJobState.RUNNING,
    )


def _lost(claim: Claim) -> LostClaimError:
    return LostClaimError(
        f"The claim {claim.token} on training job {claim.job_id} has run out and the job went on without it; its "
        "outcome is not written."
    )


def _wait(session: Session, job: TrainingJob, reason: str | None, seconds: float) -> None:
    job.state, job.worker, job.lease_until = TrainingJobState.WAITING, None, None
    job.not_before = now() + timedelta(seconds=seconds)
    job.reason = reason and reason[:MOST_REASON]
    tell(session, job)


def _in_words(patience: timedelta) -> str:
    hours = patience.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours >= 1 else f"{patience.total_seconds():.0f} seconds"
