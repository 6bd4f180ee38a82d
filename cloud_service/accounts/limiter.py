"""Slows down who guesses passwords or codes."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock

from cloud_service.errors import RequestError


class TooManyAttemptsError(RequestError):
    """Too many tries failed, from one address or of one user.

    Args:
        told: for a person.
        wait_seconds: how long at most until the next try is let through.
    """

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, told: str, wait_seconds: float) -> None:
        super().__init__(told)
        self.wait_seconds = wait_seconds


class FailureLimiter:
    """Counts failures by a key over a sliding window; in this process's memory, bounded.

    Args:
        what: the key in words, "the address" say.
        tries: what has failed, in words.
        allowed: failures within the window before the key has to wait.
        window_seconds: length of the window.
        clock: seconds that only rise.
    """

    MOST_KEYS = 4096

    def __init__(
        self,
        what: str,
        *,
        allowed: int,
        window_seconds: float,
        tries: str = "log-ins failed",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._tries = tries
        self._allowed = allowed
        self._window = window_seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def check(self, key: str) -> None:
        """Let a key try, or not.

        Raises:
            TooManyAttemptsError: it has to wait.
        """
        moment = self._clock()
        with self._lock:
            recent = [failure for failure in self._failures.get(key, ()) if failure > moment - self._window]
        if len(recent) >= self._allowed:
            wait = recent[0] + self._window - moment
            raise TooManyAttemptsError(
                f"Too many {self._tries} for {self._what} {key}: wait {wait:.0f} seconds, then try again.", wait
            )

    def count(self, key: str) -> None:
        """Note a failure; the key that was quiet longest is forgotten when there are too many."""
        with self._lock:
            self._failures.setdefault(key, deque(maxlen=self._allowed)).append(self._clock())
            self._failures.move_to_end(key)
            if len(self._failures) > self.MOST_KEYS:
                self._failures.popitem(last=False)
