"""Two models compared on the same images."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.assessing import figures_of, roc_of
from cloud_service.ml.evaluation.calibration import calibration_of
from cloud_service.ml.evaluation.comparison import ComparedModel, Comparison, PairedCounts
from cloud_service.ml.evaluation.confusion import confusion_of
from cloud_service.ml.evaluation.held_out import ALL_IMAGES
from cloud_service.ml.evaluation.intervals import paired_differences, warnings_about_groups
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint

COMPARED: Final = (
    Measure.RECALL_ALL,
    Measure.RECALL_NOT_ALL,
    Measure.BALANCED_ACCURACY,
    Measure.ACCURACY,
    Measure.ROC_AUC,
    Measure.BRIER,
    Measure.LOSS,
)


class AnswersAt(NamedTuple):
    """A model's answers on N images, and the threshold and temperature of its card."""

    answers: Answers
    point: OperatingPoint


def compare(challenger: AnswersAt, champion: AnswersAt | None = None) -> Comparison:
    """The challenger's figures, and where there is a champion its own and what they differ by.

    Args:
        challenger: the model in question.
        champion: another one, on the same images in the same order.

    Raises:
        EvaluationError: the images, their labels or their groups are not the same.
    """
    answers = challenger.answers
    groups_with_all = len(np.unique(answers.groups[answers.positive]))
    warnings = tuple(warnings_about_groups(answers))
    if champion is None:
        return Comparison(
            challenger=_measured(challenger),
            champion=None,
            groups_with_all=groups_with_all,
            differences={},
            with_all=None,
            without_all=None,
            warnings=warnings,
        )
    points = (challenger.point, champion.point)
    is_right = _is_right(challenger), _is_right(champion)
    return Comparison(
        challenger=_measured(challenger),
        champion=_measured(champion),
        groups_with_all=groups_with_all,
        differences=paired_differences(answers, champion.answers, COMPARED, points=points),
        with_all=_counts(*is_right, answers.positive),
        without_all=_counts(*is_right, ~answers.positive),
        warnings=warnings,
    )


def _measured(model: AnswersAt) -> ComparedModel:
    answers, point = model
    return ComparedModel(
        point=point,
        figures=figures_of(ALL_IMAGES, answers, point),
        confusion=confusion_of(answers, point),
        roc=roc_of(answers),
        calibration=calibration_of(answers, point.temperature),
    )


def _is_right(model: AnswersAt) -> NDArray[np.bool_]:
    answers, point = model
    return np.asarray((answers.probabilities(point.temperature) >= point.threshold) == answers.positive)


def _counts(first: NDArray[np.bool_], second: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> PairedCounts:
    return PairedCounts(
        both=int((first & second & wanted).sum()),
        only_challenger=int((first & ~second & wanted).sum()),
        only_champion=int((~first & second & wanted).sum()),
        neither=int((~first & ~second & wanted).sum()),
    )
