"""What a doctor command found: one line a check, each that is not good with what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `advice` says what to do where it is not good."""

    name: str
    good: bool
    finding: str
    advice: str = ""

    def lines(self) -> Iterator[str]:
        """The finding for a terminal, and beneath it the advice where it is not good."""
        yield f"{'ok  ' if self.good else 'BAD '} {self.name}: {self.finding}"
        if not self.good:
            yield f"     → {self.advice}"
