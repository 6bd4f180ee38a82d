"""When is a file complete? When no event came for a while, and its size and times stood still for as long."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from edge_agent.intake.capture import NO_FINGERPRINT, Fingerprint

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic` gives them."""


def look_at(path: Path) -> Fingerprint:
    """The fingerprint of the file at `path`, NO_FINGERPRINT where there is none to be had."""
    try:
        return Fingerprint.at(path)
    except OSError:
        return NO_FINGERPRINT


class StabilityTracker:
    """Files on their way to being complete, those first that have stood still for longest. Safe between threads."""

    def __init__(self, settle_seconds: float, clock: Clock, look: Callable[[Path], Fingerprint] = look_at) -> None:
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._look = look
        self._lock = threading.Lock()
        self._since: OrderedDict[Path, tuple[float, Fingerprint]] = OrderedDict()

    def touch(self, path: Path) -> None:
        """Something happened to the file: it has to stand still from now on."""
        fingerprint = self._look(path)
        with self._lock:
            self._since[path] = (self._clock(), fingerprint)
            self._since.move_to_end(path)

    def forget(self, path: Path) -> None:
        """The file is of no more interest here."""
        with self._lock:
            self._since.pop(path, None)

    def pop_stable(self) -> Path | None:
        """Take out one file that stood still for long enough, even if it is gone by now; None if there is none."""
        while (due := self._pop_due()) is not None:
            path, fingerprint = due
            if self._look(path) == fingerprint:
                return path
            self.touch(path)
        return None

    def _pop_due(self) -> tuple[Path, Fingerprint] | None:
        with self._lock:
            if not self._since:
                return None
            path, (since, fingerprint) = next(iter(self._since.items()))
            if self._clock() - since < self._settle_seconds:
                return None
            del self._since[path]
            return path, fingerprint

    def seconds_to_wait(self) -> float | None:
        """How long until the next file may be complete (0 or more); None if there is no file."""
        with self._lock:
            if not self._since:
                return None
            since, _ = next(iter(self._since.values()))
            return max(0.0, since + self._settle_seconds - self._clock())

    def __contains__(self, path: Path) -> bool:
        with self._lock:
            return path in self._since

    def __len__(self) -> int:
        with self._lock:
            return len(self._since)
