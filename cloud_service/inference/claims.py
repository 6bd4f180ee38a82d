"""Claims on inference jobs: a batch at a time, with a lease and a fencing token.

An attempt is counted in the very statement that claims, so that a capture which kills its worker is counted too.
What has been tried before is claimed alone: where a batch of eight died of one capture, the other seven are not to
die with it again.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CTE, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from cloud_service.cases.aggregate import refresh_cases
from cloud_service.delivery.events import record_capture_events
from cloud_service.errors import LostClaimError
from cloud_service.inference.jobs import mark_failed
from cloud_service.models import Capture, InferenceJob, now
from shared.vocabulary import JobState

_SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 300.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to write the answer of one capture, as long as its token is the job's newest."""

    capture_id: UUID
    token: int
    attempts: int  # this one counted
    queued_at: datetime


def claim_batch(session: Session, worker: str, *, limit: int, lease: timedelta, max_attempts: int) -> list[Claim]:
    """Claim what may be analysed now: one job that was tried before, or else up to `limit` new ones.

    No two calls return the same job within its lease, from whatever process. A job whose lease has run out is
    claimable again, up to `max_attempts` times.
    """
    is_open = and_(_claimable(now()), InferenceJob.attempts < max_attempts)
    look = select(InferenceJob.attempts).where(is_open).order_by(InferenceJob.attempts.desc()).limit(1)
    most_tried = session.scalar(look)  # a worker looks far more often than it finds something
    if most_tried is None:
        return []
    until = now() + lease
    if most_tried and (again := _claim(session, worker, and_(is_open, InferenceJob.attempts > 0), 1, until)):
        return again
    return _claim(session, worker, and_(is_open, InferenceJob.attempts == 0), limit, until)


def count_claimable(session: Session) -> int:
    """How many jobs a worker could claim at this moment."""
    query = select(func.count()).select_from(InferenceJob).where(_claimable(now()))
    return session.scalar(query) or 0


def complete(session: Session, claims: Collection[Claim]) -> set[UUID]:
    """Mark claimed jobs as done, in the transaction that writes their predictions.

    Returns:
        Those captures whose claim still held. For the others the lease ran out and another worker, or a person, has
        the job now: write nothing.
    """
    tokens = tuple_(InferenceJob.capture_id, InferenceJob.token)
    held = session.scalars(
        update(InferenceJob)
        .where(
            tokens.in_([(claim.capture_id, claim.token) for claim in claims]), InferenceJob.state == JobState.CLAIMED
        )
        .values(state=JobState.DONE, reason=None, worker=None, lease_until=None)
        .returning(InferenceJob.capture_id)
        .execution_options(synchronize_session=False)
    )
    return set(held)


def fail(session: Session, claim: Claim, reason: str) -> None:
    """Give a claimed job up for good: a person decides.

    Raises:
        LostClaimError: the lease ran out, and another worker or a person has the job now; nothing is written.
    """
    _settle(session, claim, state=JobState.FAILED, reason=reason)
    mark_failed(session, session.get_one(Capture, claim.capture_id), reason)


def release(session: Session, claim: Claim, reason: str) -> None:
    """Put a claimed job back after a fault that may pass; the attempt does not count, as the capture is not at fault.

    The wait grows with the time since the job was queued: jittered, from one second to five minutes.

    Raises:
        LostClaimError: as `fail`.
    """
    age = (now() - claim.queued_at).total_seconds()
    wait = min(max(age, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    _settle(
        session,
        claim,
        state=JobState.WAITING,
        reason=reason,
        attempts=claim.attempts - 1,
        not_before=now() + timedelta(seconds=wait),
    )


def fail_exhausted(session: Session, max_attempts: int) -> int:
    """Give up the jobs whose attempts are used up without an answer; return how many there were.

    Their workers were killed or stopped each time: a person is to look at the capture.
    """
    reason = (
        f"The analysis ended without an answer {max_attempts} times: its process stopped each time. "
        "Look at the image and at the worker's log, then try it again."
    )
    exhausted = _first(and_(_claimable(now()), InferenceJob.attempts >= max_attempts), None)
    failed = session.scalars(
        update(InferenceJob)
        .where(InferenceJob.capture_id.in_(select(exhausted.c.capture_id)))
        .values(state=JobState.FAILED, reason=reason, worker=None, lease_until=None, token=InferenceJob.token + 1)
        .returning(InferenceJob.capture_id)
        .execution_options(synchronize_session=False)
    ).all()
    captures = session.scalars(select(Capture).where(Capture.id.in_(failed)).order_by(Capture.id)).all()
    for capture in captures:
        mark_failed(session, capture, reason)
    if captures:
        record_capture_events(session, captures, refresh_cases(session, captures))
    return len(captures)


def _claimable(at: datetime) -> ColumnElement[bool]:
    return or_(
        and_(InferenceJob.state == JobState.WAITING, InferenceJob.not_before <= at),
        and_(InferenceJob.state == JobState.CLAIMED, InferenceJob.lease_until <= at),
    )


def _first(condition: ColumnElement[bool], limit: int | None) -> CTE:
    """Ids of the jobs that meet a condition and that no other transaction holds, the most urgent and oldest first.

    A common table expression, since PostgreSQL may run a plain sub-select with LIMIT more than once. SQLite knows no
    row locks and needs none: one transaction writes at a time.
    """
    return (
        select(InferenceJob.capture_id)
        .where(condition)
        .order_by(InferenceJob.urgency, InferenceJob.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("free_jobs")
    )


def _claim(session: Session, worker: str, condition: ColumnElement[bool], limit: int, until: datetime) -> list[Claim]:
    free = _first(condition, limit)
    claimed = session.execute(
        update(InferenceJob)
        .where(InferenceJob.capture_id.in_(select(free.c.capture_id)))
        .values(
            state=JobState.CLAIMED,
            worker=worker,
            lease_until=until,
            token=InferenceJob.token + 1,
            attempts=InferenceJob.attempts + 1,
        )
        .returning(InferenceJob.capture_id, InferenceJob.token, InferenceJob.attempts, InferenceJob.created_at)
        .execution_options(synchronize_session=False)
    )
    return [Claim(*row) for row in claimed]


def _settle(session: Session, claim: Claim, **values: object) -> None:
    held = session.execute(
        update(InferenceJob)
        .where(
            InferenceJob.capture_id == claim.capture_id,
            InferenceJob.token == claim.token,
            InferenceJob.state == JobState.CLAIMED,
        )
        .values(worker=None, lease_until=None, **values)
        .returning(InferenceJob.capture_id)
        .execution_options(synchronize_session=False)
    ).first()
    if held is None:
        raise LostClaimError(
            f"The claim {claim.token} on capture {claim.capture_id} has run out and the job went on without it; "
            "its outcome is not written."
        )
