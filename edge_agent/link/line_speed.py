"""How fast the line is, so that a part takes about a second on a slow one: a cut then costs little.

While nothing is known, parts are small (deploy/decisions/0012): a line of 12 kB/s that is cut every 15 seconds would
spend a fifth on parts of 64 KB that were cut off. One capture's first parts tell enough to go on with larger ones.
"""

SMALLEST_PART = 8 * 1024
"""Bytes. Smaller parts would spend the line on headers."""

FIRST_PART = SMALLEST_PART
"""Bytes. The size while the line's speed is unknown."""

_SECONDS_PER_PART = 1.0
_ENDURABLE_SECONDS = 4.0  # for parts that the cloud may have some of already: to cut anew is to send these again
_TELLING_SECONDS = 2.0  # a shorter busy time can show that the line is fast, not that it is slow
_TELLING_BYTES = 16 * 1024  # and only with so many: a line may swallow a small message at once


class LineSpeed:
    """Measures acknowledged bytes over the time in which something was under way. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._rate: float | None = None  # bytes a second
        self._busy_since: float | None = None
        self._bytes = 0

    def sent(self, now: float) -> None:
        """Something is under way."""
        if self._busy_since is None:
            self._busy_since, self._bytes = now, 0

    def acknowledged(self, size: int, now: float, *, idle: bool) -> None:
        """`size` bytes have arrived; `idle` says that nothing else is under way."""
        if self._busy_since is None:
            return
        self._bytes += size
        seconds = max(now - self._busy_since, 0.001)
        measured = self._bytes / seconds
        if seconds >= _TELLING_SECONDS:
            self._rate = measured
        elif self._bytes >= _TELLING_BYTES:
            self._rate = max(self._rate or 0.0, measured)
        if idle:
            self._busy_since = None

    def cut(self) -> None:
        """The line is down; what it could do so far still counts."""
        self._busy_since = None

    def part_size(self, largest: int) -> int:
        """The size for new captures' parts, bytes: a power of two that takes about a second, or `largest`."""
        if self._rate is None:
            return min(largest, FIRST_PART)
        fitting = max(SMALLEST_PART, int(self._rate * _SECONDS_PER_PART))
        return min(largest, 1 << (fitting.bit_length() - 1))

    def largest_kept(self, largest: int) -> int:
        """The largest parts, bytes, with which a capture goes on that was sent before; larger ones are cut anew."""
        if self._rate is None:
            return largest
        return min(largest, max(SMALLEST_PART, int(self._rate * _ENDURABLE_SECONDS)))
