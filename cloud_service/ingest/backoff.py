"""How long to wait before the next try: doubling, bounded, and jittered so that many do not come back as one."""

import random


class Backoff:
    """Waits that grow from `first` to `longest` seconds until `reset`."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._tries = 0

    @property
    def tries(self) -> int:
        """How many waits were given since the last success."""
        return self._tries

    def next(self) -> float:
        """The next wait in seconds: between a half and the whole of its step."""
        step: float = min(self._longest, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return step * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret

    def reset(self) -> None:
        """It went well: the next wait is short again."""
        self._tries = 0
