"""Reads of captures: pages by key, counts, one capture with what belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, Uuid, func, literal, select, tuple_
from sqlalchemy.orm import Session

from cloud_service.errors import NotFoundError
from cloud_service.models import Capture, Delivery, InferenceJob
from cloud_service.models.base import UtcDateTime
from shared.vocabulary import CaptureState

_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Filters:
    """Which captures; None stands for all.

    `within` is the site beyond which the one who asks may not see, whatever else is wished for.
    """

    states: Sequence[CaptureState] = ()
    site: str | None = None
    device: str | None = None
    case: str | None = None
    captured_from: datetime | None = None
    captured_before: datetime | None = None
    within: str | None = None

    def apply(self, query: _Query) -> _Query:
        """`query` with these conditions."""
        if self.states:
            query = query.where(Capture.state.in_(self.states))
        for column, wanted in (
            (Capture.site_id, self.within),
            (Capture.site_id, self.site),
            (Capture.device_id, self.device),
            (Capture.case_pseudonym, self.case),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if self.captured_from is not None:
            query = query.where(Capture.captured_at >= self.captured_from)
        if self.captured_before is not None:
            query = query.where(Capture.captured_at < self.captured_before)
        return query


def captures_page(session: Session, filters: Filters, *, before: Capture | None, limit: int) -> Sequence[Capture]:
    """At most `limit` captures, newest announcement first, behind `before`.

    The key (moment of announcement, id) never changes, so no capture is skipped or doubled while others arrive.
    """
    query = filters.apply(select(Capture)).order_by(Capture.announced_at.desc(), Capture.id.desc()).limit(limit)
    if before is not None:
        place = tuple_(literal(before.announced_at, UtcDateTime), literal(before.id, Uuid))
        query = query.where(tuple_(Capture.announced_at, Capture.id) < place)
    return session.scalars(query).all()


def capture_by_id(session: Session, capture_id: UUID, *, within: str | None) -> Capture:
    """One capture, as seen from the site `within`; None sees all.

    Raises:
        NotFoundError: there is none with this id, or it belongs to another site, which is not told apart.
    """
    capture = session.get(Capture, capture_id)
    if capture is None or within not in {None, capture.site_id}:
        raise NotFoundError(f"There is no capture {capture_id}.")
    return capture


def deliveries_of(session: Session, capture_id: UUID) -> Sequence[Delivery]:
    """The results of a capture on their way to its device, oldest first."""
    return session.scalars(
        select(Delivery).where(Delivery.capture_id == capture_id).order_by(Delivery.created_at, Delivery.id)
    ).all()


def job_of(session: Session, capture_id: UUID) -> InferenceJob | None:
    """The capture's analysis, once it is stored."""
    return session.get(InferenceJob, capture_id)


def counts_by_state(session: Session, filters: Filters) -> dict[CaptureState, int]:
    """How many of the captures that the filters let through stand where; every state is there."""
    rows = session.execute(filters.apply(select(Capture.state, func.count()).group_by(Capture.state)))
    return dict.fromkeys(CaptureState, 0) | {CaptureState(state): count for state, count in rows}
