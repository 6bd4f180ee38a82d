"""How many cases stand in each part of the worklist, counted once for all who ask alike and not for each page."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from cloud_service.cases import worklist
from cloud_service.cases.worklist import Filters, Holder
from cloud_service.delivery.events import latest_position
from shared.vocabulary import WorkQueue

_LEAST_SECONDS = 1.0
_SECONDS_PER_SECOND = 10.0  # so that to count takes a tenth of a core at most, for each kind of question


@dataclass(frozen=True, slots=True)
class Counted:
    """Cases by queue, those with a failed image wherever they stand, and the event position at which that was true."""

    queues: Mapping[WorkQueue, int]
    failed: int
    position: int


@dataclass(slots=True)
class _Kept:
    """The last answer to one question."""

    counting: threading.Lock = field(default_factory=threading.Lock)
    counted: Counted | None = None
    until: float = 0.0


class CaseCounter:
    """Counts cases, at most about once a second for each question, however many pages ask it.

    Each page asks again whenever something happens. A hundred thousand cases take up to 0.1 s to count, so that two
    hundred pages would keep several cores at it. An answer that is older than the newest event says so by its position:
    who has seen that event asks again. What somebody holds is never kept: it is little, and theirs alone.

    Safe to call from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Filters, _Kept] = {}

    def count(self, session: Session, filters: Filters) -> Counted:
        """What `filters` let through, apart from their queues.

        Args:
            session: a snapshot of the database.
            filters: with the site and the name of the one who asks.
        """
        parts = [
            _count(session, part) if part.holder is Holder.MINE else self._shared(session, part)
            for part in _disjoint(filters)
        ]
        return Counted(
            queues={queue: sum(part.queues[queue] for part in parts) for queue in WorkQueue},
            failed=sum(part.failed for part in parts),
            position=min(part.position for part in parts),
        )

    def _shared(self, session: Session, filters: Filters) -> Counted:
        kept = self._kept_of(filters)
        # Who finds another one counting takes what there is: requests that wait would keep all others from a thread.
        if not kept.counting.acquire(blocking=kept.counted is None):
            return kept.counted or _count(session, filters)
        try:
            began = self._clock()
            if kept.counted is None or began >= kept.until:
                kept.counted = _count(session, filters)
                ended = self._clock()
                kept.until = ended + max(_LEAST_SECONDS, _SECONDS_PER_SECOND * (ended - began))
            return kept.counted
        finally:
            kept.counting.release()

    def _kept_of(self, filters: Filters) -> _Kept:
        """The answer to a question; those that nobody asked of late are let go of."""
        with self._lock:
            now = self._clock()
            self._kept = {
                question: kept
                for question, kept in self._kept.items()
                if question == filters or kept.until > now or kept.counting.locked()
            }
            return self._kept.setdefault(filters, _Kept())


def _disjoint(filters: Filters) -> Iterator[Filters]:
    """Questions whose answers add up, each as all who may ask it would put it."""
    asked = replace(filters, queues=(), states=tuple(filters.states), answers=tuple(filters.answers))
    if filters.holder in (Holder.MINE, Holder.MINE_OR_UNCLAIMED):
        yield replace(asked, holder=Holder.MINE)
    if filters.holder is Holder.MINE_OR_UNCLAIMED:
        yield replace(asked, holder=Holder.UNCLAIMED, user="")
    elif filters.holder is not Holder.MINE:
        yield replace(asked, user="")


def _count(session: Session, filters: Filters) -> Counted:
    position = latest_position(session)
    queues, failed = worklist.counts(session, filters)
    return Counted(queues, failed, position)
