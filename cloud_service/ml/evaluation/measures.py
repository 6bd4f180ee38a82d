"""Figures of a binary classifier, each for many weightings of the images at once.

A resampling of groups is a weighting of images by whole numbers, so the same few lines give the figure itself (all
weights 1) and its bootstrap replicates.
"""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.answers import Answers, Floats

_TOLERANCE: Final = 1e-12  # a share of 0.95 summed up in another order is still 0.95


class Measure(StrEnum):
    """What is measured. "At the threshold" means that of the operating point, on calibrated probabilities."""

    ACCURACY = "accuracy"  # at the threshold
    BALANCED_ACCURACY = "balanced_accuracy"  # mean of both recalls
    PRECISION_ALL = "precision_all"  # share of ALL among the images called suspicious
    RECALL_ALL = "recall_all"  # share called suspicious among those with ALL: the sensitivity
    F1_ALL = "f1_all"  # harmonic mean of the two
    PRECISION_NOT_ALL = "precision_not_all"
    RECALL_NOT_ALL = "recall_not_all"  # the specificity
    F1_NOT_ALL = "f1_not_all"
    ROC_AUC = "roc_auc"  # chance that an image with ALL scores above one without, ties counting half
    SENSITIVITY_AT_SPECIFICITY = "sensitivity_at_specificity"  # the best on these images' own ROC curve
    SPECIFICITY_AT_SENSITIVITY = "specificity_at_sensitivity"  # likewise; neither tells of a threshold set beforehand
    LOSS = "loss"  # mean binary cross-entropy of calibrated probabilities, nats
    BRIER = "brier"  # mean squared error of calibrated probabilities


UNBOUNDED: Final = frozenset({Measure.LOSS, Measure.BRIER})
"""Those that are not shares of something right: their best is 0, not 1."""


class OperatingPoint(BaseModel):
    """At which threshold, temperature and fixed rates figures are taken; chosen on the validation part only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(default=0.5, gt=0.0, lt=1.0, description="Calibrated probability that is suspicious.")
    temperature: float = Field(default=1.0, gt=0.0, description="Divides logits before the sigmoid.")
    fixed_specificity: float = Field(default=0.95, gt=0.0, le=1.0, description="For sensitivity_at_specificity.")
    fixed_sensitivity: float = Field(default=0.95, gt=0.0, le=1.0, description="For specificity_at_sensitivity.")


def weighted_measures(answers: Answers, point: OperatingPoint, weights: Floats) -> dict[Measure, Floats]:
    """Every measure under each of R weightings of N images.

    Args:
        answers: of N images.
        point: where the figures are taken.
        weights: (R, N), each at least 0.

    Returns:
        (R,) for each measure; NaN where it is not defined, such as a sensitivity without an image with ALL.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            _at_threshold(answers, point, weights) | _along_curve(answers, point, weights)
            | _of_probabilities(answers, point, weights)
        )  # fmt: skip


def _at_threshold(answers: Answers, point: OperatingPoint, weights: Floats) -> dict[Measure, Floats]:
    positive = answers.positive
    suspicious = answers.probabilities(point.temperature) >= point.threshold
    hits, misses = weights @ (positive & suspicious), weights @ (positive & ~suspicious)
    alarms, passes = weights @ (~positive & suspicious), weights @ (~positive & ~suspicious)
    sensitivity, specificity = hits / (hits + misses), passes / (passes + alarms)
    # With one label alone a precision is 0 or 1 whatever the answers are, so it and what follows from it say nothing.
    called_all, called_not_all = (
        np.where(np.isfinite(sensitivity + specificity), called, np.nan) for called in (hits + alarms, passes + misses)
    )
    return {
        Measure.ACCURACY: (hits + passes) / (hits + misses + alarms + passes),
        Measure.BALANCED_ACCURACY: (sensitivity + specificity) / 2.0,
        Measure.PRECISION_ALL: hits / called_all,
        Measure.RECALL_ALL: sensitivity,
        Measure.F1_ALL: 2.0 * hits / (hits + misses + called_all),
        Measure.PRECISION_NOT_ALL: passes / called_not_all,
        Measure.RECALL_NOT_ALL: specificity,
        Measure.F1_NOT_ALL: 2.0 * passes / (passes + alarms + called_not_all),
    }


def _along_curve(answers: Answers, point: OperatingPoint, weights: Floats) -> dict[Measure, Floats]:
    false_rate, true_rate = roc_curve(answers, weights)
    is_defined = np.isfinite(false_rate[:, -1] + true_rate[:, -1])
    area = (np.diff(false_rate) * (true_rate[:, 1:] + true_rate[:, :-1])).sum(axis=1) / 2.0
    specific = false_rate <= 1.0 - point.fixed_specificity + _TOLERANCE
    sensitive = true_rate >= point.fixed_sensitivity - _TOLERANCE
    return {
        Measure.ROC_AUC: area,
        Measure.SENSITIVITY_AT_SPECIFICITY: np.where(
            is_defined, np.where(specific, true_rate, 0.0).max(axis=1), np.nan
        ),
        Measure.SPECIFICITY_AT_SENSITIVITY: np.where(
            is_defined, np.where(sensitive, 1.0 - false_rate, 0.0).max(axis=1), np.nan
        ),
    }


def _of_probabilities(answers: Answers, point: OperatingPoint, weights: Floats) -> dict[Measure, Floats]:
    scaled = answers.logits.astype(np.float64) / point.temperature
    # log(1 + exp(x)) - x·y is the binary cross-entropy of the logit x and the label y; rounding may leave -1e-17.
    losses = np.maximum(0.0, np.logaddexp(0.0, scaled) - scaled * answers.labels)
    errors = np.square(answers.probabilities(point.temperature) - answers.labels)
    total = weights.sum(axis=1)
    return {Measure.LOSS: weights @ losses / total, Measure.BRIER: weights @ errors / total}


def roc_curve(answers: Answers, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """The ROC curve under each weighting, from "nothing is suspicious" to "everything is".

    Args:
        answers: of N images with K different logits.
        weights: (R, N); every image once where left out.

    Returns:
        False positive rates and true positive rates, both (R, K + 1), rising from 0 to 1; NaN without either label.
    """
    if weights is None:
        weights = np.ones((1, len(answers.logits)))
    order = np.argsort(-answers.logits, kind="stable")
    ordered = answers.logits[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # equal logits fall together
    positive = answers.positive[order]
    shuffled = weights[:, order]
    with np.errstate(invalid="ignore"):
        return _rates(shuffled * ~positive, ends), _rates(shuffled * positive, ends)


def _rates(weights: Floats, ends: NDArray[np.intp]) -> Floats:
    found = np.cumsum(weights, axis=1)[:, ends]
    return np.concatenate([np.zeros((len(weights), 1)), found], axis=1) / found[:, -1:]
