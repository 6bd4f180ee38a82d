"""Applies retention to originals, once the cloud's receipt stands for them. One thread."""

import queue
from enum import Enum, auto

from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.records import UnsettledOriginal
from edge_agent.retention.retention import Release, Retention, StoredFile
from shared.errors import TransientError
from shared.logs import get_logger

log = get_logger(__name__)

RETRY_SECONDS = 60.0


class _Wish(Enum):
    LOOK = auto()  # a receipt has come
    END = auto()


class Releaser:
    """Deals with each original once; after a restart it goes on where it was."""

    def __init__(self, outbox: Outbox, retention: Retention) -> None:
        self._outbox = outbox
        self._retention = retention
        self._wishes: queue.SimpleQueue[_Wish] = queue.SimpleQueue()

    def run(self) -> None:
        """Work until `stop`."""
        wish = _Wish.LOOK
        while wish is not _Wish.END:
            finished = self.release_all()
            try:
                wish = self._wishes.get(timeout=None if finished else RETRY_SECONDS)
            except queue.Empty:
                log.info("trying originals again")

    def wake(self) -> None:
        """A receipt has come; may be called on any thread."""
        self._wishes.put(_Wish.LOOK)

    def stop(self) -> None:
        """End `run` soon; may be called on any thread."""
        self._wishes.put(_Wish.END)

    def release_all(self) -> bool:
        """Deal with every original that may be; returns False where one has to be tried again."""
        try:
            outcomes = [self._release(original) for original in self._outbox.unsettled_originals()]
        except TransientError as error:
            log.warning("originals not released", reason=str(error))
            return False
        return all(outcomes)

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
        self._outbox.settle(original.path)
        return True
