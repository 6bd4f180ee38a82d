"""The event log that browsers follow: every committed change once, in the order of commits, without gaps.

Of a job's progress the newest alone is kept: its event takes the place of the one before (`training.service.tell`).

A sequence or an auto-increment hands out numbers before the commit, so a reader who asks for `id > last` misses the
transactions that commit late. Here the position comes from one counter row that is raised inside the transaction: its
lock is held until the commit, so a position is seen only when all lower ones are.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from cloud_service.captures.schemas import CaptureSummary
from cloud_service.captures.summary import capture_summaries
from cloud_service.cases.schemas import CaseSummary
from cloud_service.database import table_of, upsert
from cloud_service.models import Capture, Event, EventCounter

_ONLY_ROW = 1


class EventKind(StrEnum):
    """What an event tells of."""

    CAPTURE = "capture"  # its payload is the capture's summary, as the API returns it
    CASE = "case"  # likewise; for those alone who may see cases
    DEVICE = "device"
    TRAINING = "training"  # its payload is the job's summary; for those alone who may see trainings
    DATASET = "dataset"  # likewise, of an import
    MODEL = "model"  # the model's summary; for those alone who may see models


def record_event(session: Session, kind: EventKind, subject: str, payload: dict[str, Any], site_id: str | None) -> int:
    """Write an event into the transaction of the change that it tells of; return its position, from 1.

    From here to the commit all other writers of events wait. Change other rows first, and commit soon: two
    transactions that take this lock and a common row in different orders block each other (PostgreSQL then ends one).

    Args:
        session: the transaction of the change.
        kind: what `payload` is.
        subject: id of the capture, case or device, 64 characters at most.
        payload: fit for JSON.
        site_id: whose event it is; None where it concerns every site.
    """
    return record_events(session, kind, [(subject, payload, site_id)])


def record_events(session: Session, kind: EventKind, told: Sequence[tuple[str, dict[str, Any], str | None]]) -> int:
    """`record_event` for several subjects, each with its payload and site, in two statements; the last position."""
    return _write(
        session,
        [
            {"kind": kind, "subject": subject, "payload": payload, "site_id": site_id}
            for subject, payload, site_id in told
        ],
    )


def record_capture_event(session: Session, capture: Capture) -> int:
    """Write an event with the capture's summary as it now stands; return its position."""
    return record_capture_events(session, [capture])


def record_capture_events(session: Session, captures: Sequence[Capture], cases: Sequence[CaseSummary] = ()) -> int:
    """`record_capture_event` for several captures, then for the cases that changed by them; return the last position.

    In few statements, however many there are.
    """
    summaries = capture_summaries(session, captures)
    events = [_event(EventKind.CAPTURE, summary) for summary in summaries]
    return _write(session, [*events, *(_event(EventKind.CASE, case) for case in cases)])


def record_case_event(session: Session, case: CaseSummary) -> int:
    """Write an event with a case's summary; return its position."""
    return _write(session, [_event(EventKind.CASE, case)])


def _event(kind: EventKind, summary: CaptureSummary | CaseSummary) -> dict[str, Any]:
    payload = summary.model_dump(mode="json")
    return {"kind": kind, "subject": str(summary.id), "payload": payload, "site_id": summary.site}


def _write(session: Session, events: Sequence[dict[str, Any]]) -> int:
    last = _raise_counter(session, len(events))
    first = last - len(events) + 1
    rows = [event | {"position": position} for position, event in enumerate(events, start=first)]
    session.execute(insert(table_of(Event)), rows)
    return last


def events_after(
    session: Session,
    position: int,
    limit: int,
    *,
    within: str | None = None,
    kinds: Collection[EventKind] = frozenset(EventKind),
) -> Sequence[Event]:
    """The events of some kinds behind `position`, in order, at most `limit`; ask again with the last one's position.

    Where `within` names a site, those of this site and those that concern every site.
    """
    query = select(Event).where(Event.position > position)
    if missing := set(EventKind).difference(kinds):
        query = query.where(Event.kind.not_in(missing))
    if within is not None:
        query = query.where(or_(Event.site_id == within, Event.site_id.is_(None)))
    return session.scalars(query.order_by(Event.position).limit(limit)).all()


def latest_position(session: Session) -> int:
    """The position of the newest event; 0 before the first."""
    return session.scalar(select(EventCounter.value).where(EventCounter.id == _ONLY_ROW)) or 0


def _raise_counter(session: Session, count: int) -> int:
    """Take `count` positions; return the last one. The row is made at its first use."""
    raised = upsert(session, EventCounter).values(id=_ONLY_ROW, value=count)
    return session.execute(
        raised.on_conflict_do_update(
            index_elements=[EventCounter.id], set_={"value": EventCounter.value + count}
        ).returning(EventCounter.value)
    ).scalar_one()
