"""A figure with its interval."""

import math
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

CONFIDENCE: Final = 0.95


class Estimate(BaseModel):
    """A figure and its 95 % interval by the bootstrap over groups."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float | None = Field(default=None, description="Null: no interval, as with one group only.")
    high: float | None = None

    @property
    def is_clearly_positive(self) -> bool:
        """Whether the whole interval lies above zero; false without an interval."""
        return self.low is not None and self.low > 0.0

    def as_percent(self) -> str:
        """Such as `97.1 % [93.0, 99.2]`."""
        if self.low is None or self.high is None:
            return f"{100 * self.value:.1f} % [no interval]"
        return f"{100 * self.value:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"

    def as_points(self) -> str:
        """A difference of two shares, such as `+1.2 points [-0.5, +2.9]`."""
        if self.low is None or self.high is None:
            return f"{100 * self.value:+.1f} points [no interval]"
        return f"{100 * self.value:+.1f} points [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"

    def as_number(self) -> str:
        """Such as `0.117 [0.093, 0.162]`."""
        if self.low is None or self.high is None:
            return f"{self.value:.3f} [no interval]"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def groups_to_show(margin: float) -> int:
    """With how many groups, all of which two models call alike, a difference worse than a margin is excluded.

    With fewer the exact ends of their interval (`intervals.with_exact_ends`) reach beyond -margin. One by the bootstrap
    may not, where one group gains a little: it knows nothing of groups that were not seen.

    Args:
        margin: in (0, 1).
    """
    return math.ceil(math.log((1.0 - CONFIDENCE) / 2.0) / math.log(1.0 - margin))
