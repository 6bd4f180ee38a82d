"""How long to wait before the next try: doubling, bounded, and jittered so that many do not come back as one.

Between a half and the whole of a step that doubles: the "equal jitter" of Brooker, "Exponential backoff and jitter",
AWS 2015.
"""

import random

_DICE = random.Random()  # noqa: S311 - spreads tries, guards nothing
_MOST_DOUBLINGS = 32


def pause(tries: int, first: float, longest: float, dice: random.Random = _DICE) -> float:
    """Seconds to wait after a failed try that had `tries` failed ones before it; the first step is `first` seconds."""
    step: float = min(longest, first * 2.0 ** min(tries, _MOST_DOUBLINGS))
    return step * dice.uniform(0.5, 1.0)


class Backoff:
    """Pauses that grow from `first` to `longest` seconds until `reset`."""

    def __init__(self, first: float, longest: float, dice: random.Random = _DICE) -> None:
        self._first, self._longest, self._dice = first, longest, dice
        self._tries = 0

    @property
    def tries(self) -> int:
        """How many pauses were given since the last success."""
        return self._tries

    def next(self) -> float:
        """The next pause in seconds."""
        self._tries += 1
        return pause(self._tries - 1, self._first, self._longest, self._dice)

    def reset(self) -> None:
        """It went well: the next pause is short again."""
        self._tries = 0
