"""Figures over several runs, with intervals.

Runs with different shuffles test partly on the same images, so they are not independent trials. A replicate of the
bootstrap therefore draws groups once for all runs: a group that is drawn counts in every run that tested on it. With
the folds of a cross-validation, where each group is tested once, that is the bootstrap over all groups.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.evaluation.answers import Answers, Floats
from cloud_service.ml.evaluation.intervals import CONFIDENCE, REPLICATES, Estimate, bootstrap
from cloud_service.ml.evaluation.measures import UNBOUNDED, Measure, OperatingPoint, weighted_measures

POINT: Final = OperatingPoint()
"""A probability of 0.5, as in the paper: nothing is chosen on the test part."""

_ROUNDING: Final = 1e-9


def mean_measures(runs: Sequence[Answers], *, seed: int = 0) -> dict[Measure, Estimate | None]:
    """The mean of every measure over the runs, with its interval; None for one that is not defined in any run.

    Where nothing is wrong in any run the bootstrap knows no uncertainty; the lower end is then the exact binomial one
    with each group as a single trial, 0.025^(1/G).

    Args:
        runs: answers on the test part of each.
        seed: of the resampling.
    """
    names, where = _groups(runs)

    def statistic(weights: Floats) -> Floats:
        return _means([_table(run, weights[:, index]) for run, index in zip(runs, where, strict=True)])

    bearing = [_bearing(measure, runs) for measure in Measure]
    found = bootstrap(statistic, names, bearing=bearing, seed=seed, replicates=REPLICATES)
    return {
        measure: _widened(measure, estimate, groups)
        for measure, estimate, groups in zip(Measure, found, bearing, strict=True)
    }


def mean_differences(
    first: Sequence[Answers], second: Sequence[Answers], *, seed: int = 0
) -> dict[Measure, Estimate | None]:
    """The mean over the runs of the first's figure less the second's on the same images, which are drawn together.

    Args:
        first: answers of one model on the test part of each run.
        second: another's on the same images in the same order.
        seed: of the resampling.

    Raises:
        ValueError: the runs are not of the same images.
    """
    for one, other in zip(first, second, strict=True):
        if one.paths != other.paths or not np.array_equal(one.labels, other.labels):
            raise ValueError("two models can be compared on the same images in the same order only")
    names, where = _groups(first)

    def statistic(weights: Floats) -> Floats:
        tables = [
            _table(one, weights[:, index]) - _table(other, weights[:, index])
            for one, other, index in zip(first, second, where, strict=True)
        ]
        return _means(tables)

    bearing = [_bearing(measure, first) for measure in Measure]
    return dict(zip(Measure, bootstrap(statistic, names, bearing=bearing, seed=seed), strict=True))


def _groups(runs: Sequence[Answers]) -> tuple[NDArray[np.str_], list[NDArray[np.intp]]]:
    """All groups, and for each run the index of each image's group among them."""
    names = np.unique(np.concatenate([run.groups for run in runs]))
    return names, [np.searchsorted(names, run.groups) for run in runs]


def _table(answers: Answers, weights: Floats) -> Floats:
    found = weighted_measures(answers, POINT, weights)
    return np.stack([found[measure] for measure in Measure], axis=1)


def _means(tables: Sequence[Floats]) -> Floats:
    """Means over the runs in which a figure is defined; NaN where it is in none."""
    stacked = np.stack(tables)
    defined = np.isfinite(stacked)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(defined, stacked, 0.0).sum(axis=0) / defined.sum(axis=0)
    return means


def _bearing(measure: Measure, runs: Sequence[Answers]) -> int:
    """How many groups bear on a measure: of either label, or of the rarer one."""
    with_all = len({group for run in runs for group in run.groups[run.positive].tolist()})
    without = len({group for run in runs for group in run.groups[~run.positive].tolist()})
    match measure:
        case Measure.ACCURACY | Measure.LOSS | Measure.BRIER:
            return len({group for run in runs for group in run.groups.tolist()})
        case Measure.RECALL_ALL:
            return with_all
        case Measure.RECALL_NOT_ALL:
            return without
        case _:
            return min(with_all, without)


def _widened(measure: Measure, estimate: Estimate | None, groups: int) -> Estimate | None:
    if estimate is None or measure in UNBOUNDED or estimate.low is None or estimate.low < 1.0 - _ROUNDING:
        return estimate
    return Estimate(value=estimate.value, low=((1.0 - CONFIDENCE) / 2.0) ** (1.0 / groups), high=1.0)
