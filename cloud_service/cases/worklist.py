"""The worklist: which cases, in which order, page by page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud_service.cases.cursors import BadCursorError, moment, read_cursor, write_cursor
from cloud_service.database import table_of
from cloud_service.models import Case
from shared.vocabulary import CaseAnswer, CaseState, WorkQueue

_LIKE_SIGNS = re.compile("[/%_]")
_HEX = frozenset("0123456789abcdef")


class Holder(StrEnum):
    """Whose cases, from the view of the one who asks."""

    ALL = "all"
    MINE = "mine"
    UNCLAIMED = "unclaimed"
    MINE_OR_UNCLAIMED = "mine_or_unclaimed"


class Sort(StrEnum):
    """In which order."""

    WORKLIST = "worklist"  # queue by queue; in each the most suspicious first, among equals the oldest
    NEWEST = "newest"  # by the newest image
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases; None and empty stand for all.

    Args:
        within: the site beyond which the one who asks may not see, whatever else is wished for.
        user: who asks, for `holder`.
        search: the beginning of the pseudonym, or of the smear's name.
        since, until: when the newest image was announced; `until` itself does not count.
    """

    queues: Sequence[WorkQueue] = ()
    states: Sequence[CaseState] = ()
    answers: Sequence[CaseAnswer] = ()
    holder: Holder = Holder.ALL
    failed: bool | None = None
    site: str | None = None
    device: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    within: str | None = None
    user: str = ""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """All of them but the queues."""
        if self.states:
            yield Case.state.in_(self.states)
        if self.answers:
            yield Case.answer.in_(self.answers)
        if self.failed is not None:
            yield Case.failed_images > 0 if self.failed else Case.failed_images == 0
        for column, wanted in (
            (Case.site_id, self.within),
            (Case.site_id, self.site),
            (Case.device_id, self.device),
        ):
            if wanted is not None:
                yield column == wanted
        if self.since is not None:
            yield Case.latest_at >= self.since
        if self.until is not None:
            yield Case.latest_at < self.until
        if self.search:
            yield _begins_with(self.search)
        yield from self._held()

    def _held(self) -> Iterator[ColumnElement[bool]]:
        match self.holder:
            case Holder.MINE:
                yield Case.held_by == self.user
            case Holder.UNCLAIMED:
                yield Case.held_by.is_(None)
            case Holder.MINE_OR_UNCLAIMED:
                yield or_(Case.held_by.is_(None), Case.held_by == self.user)


def page(
    session: Session, filters: Filters, *, sort: Sort, after: str | None, limit: int
) -> tuple[Sequence[RowMapping], str | None]:
    """At most `limit` cases behind `after`, as their columns by name, and what stands for the last of them.

    The key is unique, so that no case is doubled or left out while it stays where it is; one that moves meanwhile may
    be, which the event stream tells.

    Raises:
        BadCursorError: `after` is none that such a page gave.
    """
    key = _read_cursor(after, sort) if after else None
    rows: list[RowMapping] = []
    for query in _queries(filters, sort, key):
        rows += session.execute(_whole(query.limit(limit + 1 - len(rows)), sort)).mappings()
        if len(rows) > limit:
            break
    shown = rows[:limit]
    return shown, _cursor(sort, shown[-1]) if len(rows) > limit else None


def counts(session: Session, filters: Filters) -> tuple[dict[WorkQueue, int], int]:
    """How many cases stand in each queue, and how many have a failed image."""
    failed = func.sum(case((Case.failed_images > 0, 1), else_=0))
    rows = session.execute(
        select(Case.queue, func.count(), failed).where(*filters.conditions()).group_by(Case.queue)
    ).all()
    found = {WorkQueue(queue): count for queue, count, _ in rows}
    return dict.fromkeys(WorkQueue, 0) | found, sum(failed for _, _, failed in rows)


def _queries(filters: Filters, sort: Sort, key: list[Any] | None) -> Iterator[Select[UUID]]:
    """What to ask one after another until the page is full: each is read along an index."""
    every = select(Case.id).where(*filters.conditions())
    wanted = [queue for queue in WorkQueue if queue in filters.queues or not filters.queues]
    if sort is not Sort.WORKLIST:
        if filters.queues:
            every = every.where(Case.queue.in_(wanted))
        yield _behind(every, sort, key)
        return
    reached = WorkQueue(key[0]) if key else wanted[0]
    for queue in wanted[wanted.index(reached) if reached in wanted else len(wanted) :]:
        behind = key[1:] if key and queue is reached else None
        yield _behind(every.where(Case.queue == queue), sort, behind)


_KEYS: dict[Sort, tuple[InstrumentedAttribute[Any], ...]] = {
    Sort.WORKLIST: (Case.place, Case.opened_at, Case.id),
    Sort.NEWEST: (Case.latest_at, Case.id),
    Sort.OLDEST: (Case.latest_at, Case.id),
}


def _behind(query: Select[UUID], sort: Sort, key: list[Any] | None) -> Select[UUID]:
    columns = _KEYS[sort]
    query = query.order_by(*_order(sort))
    if key is None:
        return query
    place = tuple_(*(literal(value, column.type) for value, column in zip(key, columns, strict=True)))
    here = tuple_(*columns)
    return query.where(here < place if sort is Sort.NEWEST else here > place)


def _order(sort: Sort) -> list[ColumnElement[Any]]:
    return [column.desc() if sort is Sort.NEWEST else column.asc() for column in _KEYS[sort]]


def _whole(query: Select[UUID], sort: Sort) -> Select[*tuple[Any, ...]]:
    """The rows of the cases that `query` finds along an index, without a look at rows that it leaves out."""
    found = query.subquery()
    return select(table_of(Case)).join(found, found.c.id == Case.id).order_by(*_order(sort))


def _begins_with(search: str) -> ColumnElement[bool]:
    """Capitals count for nothing, as far as the database knows them."""
    pattern = _LIKE_SIGNS.sub(r"/\g<0>", search) + "%"
    smear = func.lower(Case.smear).like(func.lower(pattern), escape="/")  # as the index has it; ILIKE reads none
    digits = search.lower()
    if not _HEX.issuperset(digits):
        return smear
    return or_(and_(Case.pseudonym >= digits, Case.pseudonym < digits + "g"), smear)


def _cursor(sort: Sort, row: RowMapping) -> str:
    key = [row[column.key] for column in _KEYS[sort]]
    return write_cursor(sort, *([row["queue"], *key] if sort is Sort.WORKLIST else key))


def _read_cursor(cursor: str, sort: Sort) -> list[Any]:
    front = (WorkQueue, float) if sort is Sort.WORKLIST else ()
    own, *key = read_cursor(cursor, Sort, *front, moment, UUID)
    if own is not sort:
        raise BadCursorError
    return key
