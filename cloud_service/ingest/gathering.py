"""How long ingest gathers messages before it takes them in: not at all, or for a moment while captures come in a rush.

A batch of one capture costs nearly what one of four costs: two transactions, wake-up calls, and what these set off in
worker, API and pages. One capture by itself is not to wait; in a rush each waits for the others anyhow.
"""

import math
import time
from collections.abc import Callable

_RUSH = 20.0  # captures a second
_GATHER_SECONDS = 0.05
_MEMORY_SECONDS = 1.0


class Gathering:
    """Knows how thick captures come, as a count that fades within seconds.

    Args:
        clock: seconds, never set back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lately, self._at = 0.0, clock()

    def note(self, captures: int) -> None:
        """So many have been taken in now."""
        self._lately = self._faded() + captures
        self._at = self._clock()

    @property
    def seconds(self) -> float:
        """For how long the next batch waits for more, from its first message on."""
        return _GATHER_SECONDS if self._faded() >= _RUSH * _MEMORY_SECONDS else 0.0

    def _faded(self) -> float:
        return self._lately * math.exp((self._at - self._clock()) / _MEMORY_SECONDS)
