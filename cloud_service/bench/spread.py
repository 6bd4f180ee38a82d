"""What repeated measurements say: a median with its quartiles, and ratios within one round."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Self

from pydantic import BaseModel, ConfigDict

from cloud_service.bench.progress import tell

_TWO = 2


class Spread(BaseModel):
    """The middle of some measurements, and between what the middle half of them lies."""

    model_config = ConfigDict(frozen=True)

    median: float
    lower: float  # first quartile
    upper: float  # third quartile
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of at least one value, by the inclusive method: the quartiles lie within what was seen.

        Raises:
            ValueError: there is no value.
        """
        if not values:
            raise ValueError("a spread needs at least one measurement")
        lower, upper = quantiles(values, n=4, method="inclusive")[::2] if len(values) >= _TWO else (values[0],) * _TWO
        return cls(median=median(values), lower=lower, upper=upper, rounds=len(values))

    @classmethod
    def of_ratios(cls, ours: Sequence[float], baseline: Sequence[float]) -> Self:
        """The spread of ours ÷ baseline, round by round, so that a host that drifts between rounds moves both.

        Raises:
            ValueError: the rounds are not the same, or a baseline is not above 0.
        """
        if len(ours) != len(baseline) or any(value <= 0 for value in baseline):
            raise ValueError(f"ratios need as many baselines as measurements, all above 0: {ours}, {baseline}")
        return cls.of([mine / plain for mine, plain in zip(ours, baseline, strict=True)])


def by_turns(measures: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 1) -> dict[str, list[float]]:
    """Measure each in turn, round after round, so that what slows the machine for a while slows all of them.

    Args:
        measures: by name; each does its work once and returns a figure.
        rounds: that count, at least 1.
        warm_up: rounds before them that do not.
    """
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(warm_up + rounds):
        tell(f"  round {number + 1} of {warm_up + rounds}{'' if number >= warm_up else ', to warm up'}")
        for name, measure in measures.items():
            value = measure()
            if number >= warm_up:
                found[name].append(value)
    return found
