"""Applies retention to originals, once the cloud's receipt stands for them. One thread."""

import queue
from collections.abc import Iterable, Sequence
from time import monotonic
from uuid import UUID

from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.records import UnsettledOriginal
from edge_agent.retention.retention import Release, Retention, StoredFile
from shared.errors import TransientError
from shared.logs import get_logger

log = get_logger(__name__)

RETRY_SECONDS = 60.0
_TOGETHER = 50  # originals that are written down at once


class Releaser:
    """Deals with each original once; after a restart it goes on where it was."""

    def __init__(self, outbox: Outbox, retention: Retention) -> None:
        self._outbox = outbox
        self._retention = retention
        self._woken: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()  # None: the end

    def run(self) -> None:
        """Work until `stop`: on all originals at first, and a while after a fault; else on those of `wake` alone."""
        all_at: float | None = monotonic()
        while True:
            try:
                stored = self._next(None if all_at is None else max(0.0, all_at - monotonic()))
            except queue.Empty:
                finished, all_at = self.release(), None
            else:
                if stored is None:
                    return
                finished = self.release(stored)
            if not finished and all_at is None:
                all_at = monotonic() + RETRY_SECONDS

    def wake(self, capture_id: UUID) -> None:
        """There may be originals of a capture whose receipt stands; may be called on any thread."""
        self._woken.put(capture_id)

    def stop(self) -> None:
        """End `run` soon; may be called on any thread."""
        self._woken.put(None)

    def release(self, captures: Iterable[UUID] | None = None) -> bool:
        """Deal with the originals that may be, of some captures or (None) of all.

        Returns:
            False where one has to be tried again.
        """
        wanted = [None] if captures is None else captures
        try:
            originals = [original for each in wanted for original in self._outbox.unsettled_originals(each)]
            portions = [originals[start : start + _TOGETHER] for start in range(0, len(originals), _TOGETHER)]
            return all([self._release_together(portion) for portion in portions])  # noqa: C419 - each, not up to a fault
        except TransientError as error:
            log.warning("originals not released", reason=str(error))
            return False

    def _next(self, seconds: float | None) -> set[UUID] | None:
        """The captures of `wake`, once there are any; None to end.

        Raises:
            queue.Empty: nothing came within so many seconds.
        """
        found: set[UUID] = set()
        capture_id = self._woken.get(timeout=seconds)
        while capture_id is not None:
            found.add(capture_id)
            if self._woken.empty():  # this thread alone takes from it
                return found
            capture_id = self._woken.get()
        return None

    def _release_together(self, originals: Sequence[UnsettledOriginal]) -> bool:
        dealt_with = [original.path for original in originals if self._release(original)]
        if dealt_with:
            self._outbox.settle(dealt_with)
        return len(dealt_with) == len(originals)

    def _release(self, original: UnsettledOriginal) -> bool:
        file = StoredFile(
            path=original.path,
            original_sha256=original.original_sha256,
            sha256=original.sha256,
            receipt_sha256=original.sha256,  # the outbox takes no receipt that names another one
        )
        try:
            released = self._retention.release(file)
        except TransientError as error:
            log.warning("original not released", reason=str(error))
            return False
        if released.release is Release.LEFT:
            log.warning("original left where it is", reason=released.reason)
        return True
