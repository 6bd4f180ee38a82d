"""How long to wait before the next connection."""

import random

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 15.0
_SELDOM_SECONDS = 60.0


class Backoff:
    """Full jitter (Brooker, "Exponential backoff and jitter", AWS 2015): anywhere up to a ceiling that doubles.

    The ceiling stays at 15 s, so that a line that returns is used within seconds, and edges that lost the same broker
    come back spread over that time.
    """

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self._tries = 0

    def reset(self) -> None:
        """A connection held: begin with short waits again."""
        self._tries = 0

    def delay(self, *, seldom: bool) -> float:
        """Seconds until the next try; `seldom` where only a person can mend what is wrong."""
        if seldom:
            return self._jitter.uniform(_SELDOM_SECONDS / 2, _SELDOM_SECONDS)
        ceiling = min(_FIRST_SECONDS * 2.0**self._tries, _LONGEST_SECONDS)
        self._tries = min(self._tries + 1, 8)
        return self._jitter.uniform(0.1, ceiling)
