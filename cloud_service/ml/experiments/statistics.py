"""Figures over several runs, with intervals.

Runs with different shuffles test partly on the same images, so they are not independent trials. A replicate of the
bootstrap therefore draws groups once for all runs: a group that is drawn counts in every run that tested on it. With
the folds of a cross-validation, where each group is tested once, that is the bootstrap over all groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.evaluation.answers import Answers, EvaluationError, Floats
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.intervals import Statistic, bearing_groups, bootstrap, strata_of, with_exact_ends
from cloud_service.ml.evaluation.measures import UNBOUNDED, Measure, OperatingPoint, weighted_measures

POINT: Final = OperatingPoint()
"""A probability of 0.5, as in the paper: nothing is chosen on the test part."""

MACRO_PRECISION: Final = "macro_precision"  # mean of both classes' precisions
MACRO_F1: Final = "macro_f1"  # likewise of the F scores; that of the recalls is the balanced accuracy
FIGURES: Final = (*(measure.value for measure in Measure), MACRO_PRECISION, MACRO_F1)

Figures = dict[str, Estimate | None]
"""By the names of `FIGURES`; None for a figure that is not defined on these images."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """What the bootstrap draws from: all groups of all runs."""

    names: NDArray[np.str_]  # (G,)
    strata: NDArray[np.integer]  # (G,), see `strata_of`
    bearing: list[int]  # of each figure, how many groups bear on it
    where: list[NDArray[np.intp]]  # of each run, the number of each image's group

    @classmethod
    def of(cls, runs: Sequence[Answers]) -> Self:
        together = pooled(runs)
        names, first = np.unique(together.groups, return_index=True)
        bearing = [bearing_groups(measure, together) for measure in Measure]
        bearing += [bearing_groups(Measure.BALANCED_ACCURACY, together)] * (len(FIGURES) - len(bearing))
        return cls(
            names=names,
            strata=strata_of(together.groups, together.positive)[first],
            bearing=bearing,
            where=[np.searchsorted(names, run.groups) for run in runs],
        )

    def figures(self, statistic: Statistic, *, least: float, seed: int) -> Figures:
        """What a statistic of weights (R, G) of the groups gives for FIGURES; `least` as in `with_exact_ends`."""
        found = bootstrap(statistic, self.names, bearing=self.bearing, strata=self.strata, seed=seed)
        return {
            figure: estimate
            if estimate is None or figure in UNBOUNDED
            else with_exact_ends(estimate, groups, least=least)
            for figure, estimate, groups in zip(FIGURES, found, self.bearing, strict=True)
        }


def mean_figures(runs: Sequence[Answers], *, seed: int = 0) -> Figures:
    """The mean of every figure over one run or more, with its interval; of a share as in `estimate_measures`.

    Args:
        runs: answers on the test part of each.
        seed: of the resampling.
    """
    drawing = _Drawing.of(runs)

    def statistic(weights: Floats) -> Floats:
        return _means([_table(run, weights[:, where]) for run, where in zip(runs, drawing.where, strict=True)])

    return drawing.figures(statistic, least=0.0, seed=seed)


def mean_differences(first: Sequence[Answers], second: Sequence[Answers], *, seed: int = 0) -> Figures:
    """The mean over the runs of the first's figure less the second's on the same images, which are drawn together.

    Args:
        first: answers of one model on the test part of each run.
        second: another's on the same images in the same order.
        seed: of the resampling.

    Raises:
        EvaluationError: the runs are not of the same images.
    """
    for one, other in zip(first, second, strict=True):
        if one.paths != other.paths or not np.array_equal(one.labels, other.labels):
            raise EvaluationError("Two models can be compared on the same images in the same order only.")
    drawing = _Drawing.of(first)

    def statistic(weights: Floats) -> Floats:
        tables = [
            _table(one, weights[:, where]) - _table(other, weights[:, where])
            for one, other, where in zip(first, second, drawing.where, strict=True)
        ]
        return _means(tables)

    return drawing.figures(statistic, least=-1.0, seed=seed)


def pooled(runs: Sequence[Answers]) -> Answers:
    """The answers of all runs in one; an image that several runs tested comes several times."""
    return Answers(
        logits=np.concatenate([run.logits for run in runs]),
        labels=np.concatenate([run.labels for run in runs]),
        groups=np.concatenate([run.groups for run in runs]),
        features=np.concatenate([run.features for run in runs]),
    )


def _table(answers: Answers, weights: Floats) -> Floats:
    """Every figure (M,) under each weighting (R, N): (R, M)."""
    found = weighted_measures(answers, POINT, weights)
    precision = (found[Measure.PRECISION_ALL] + found[Measure.PRECISION_NOT_ALL]) / 2.0
    f1 = (found[Measure.F1_ALL] + found[Measure.F1_NOT_ALL]) / 2.0
    return np.stack([*(found[measure] for measure in Measure), precision, f1], axis=1)


def _means(tables: Sequence[Floats]) -> Floats:
    """Means over the runs in which a figure is defined; NaN where it is in none."""
    stacked = np.stack(tables)
    defined = np.isfinite(stacked)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(defined, stacked, 0.0).sum(axis=0) / defined.sum(axis=0)
    return means
