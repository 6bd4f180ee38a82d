"""What a random forest makes of colours alone, and the plain words where a network does no better.

On some sets of smears the stain or the lamp differs between the classes, and colours alone tell them apart. A network's
score says something about cells only where it clearly beats that.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from cloud_service.ml.datasets.pixels import labels_of
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.datasets.shortcuts import colour_statistics, forest_scores
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.intervals import Estimate

_FOLDS = 5
_SMALLEST = 0.005  # half a tree of the hundred: that none of them says so does not make it impossible


def colour_answers(
    training: NDArray[np.uint8],
    training_labels: NDArray[np.float32],
    pixels: NDArray[np.uint8],
    samples: Sequence[Sample],
    *,
    seed: int = 0,
) -> Answers:
    """The answers of a forest on colour statistics, trained on a training part, on other images.

    Args:
        training: (N, S, S, 3) uint8, the pixels that the network was trained on.
        training_labels: (N,), 1 for ALL and 0 for the others; both occur.
        pixels: (M, S, S, 3) uint8, the images that the network is measured on.
        samples: the M samples that these pixels are of.
        seed: of the forest.

    Returns:
        Answers whose logit is that of the share of trees that say ALL.
    """
    scores = forest_scores(colour_statistics(training), training_labels, colour_statistics(pixels), seed=seed)
    return _answers(scores, samples)


def cross_validated_colour_answers(
    pixels: NDArray[np.uint8], samples: Sequence[Sample], *, seed: int = 0
) -> Answers | None:
    """The same without a training part: each image is judged by a forest that saw no image of its group.

    Args:
        pixels: (N, S, S, 3) uint8.
        samples: the N samples that these pixels are of.
        seed: of folds and forests.

    Returns:
        Answers on all N images; None where there are too few groups to leave any out.
    """
    labels = labels_of(samples)
    groups = np.array([sample.group for sample in samples], dtype=np.str_)
    folds = min(_FOLDS, *(len(np.unique(groups[labels == label])) for label in (0, 1)))
    if folds < 2:  # noqa: PLR2004 - one label or all of it in one group
        return None
    statistics, scores = colour_statistics(pixels), np.empty(len(samples))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for seen, left_out in splitter.split(statistics, labels, groups):
        if len(np.unique(labels[seen])) < 2:  # noqa: PLR2004 - the two labels
            return None
        scores[left_out] = forest_scores(statistics[seen], labels[seen], statistics[left_out], seed=seed)
    return _answers(scores, samples)


def _answers(scores: NDArray[np.float64], samples: Sequence[Sample]) -> Answers:
    bounded = np.clip(scores, _SMALLEST, 1.0 - _SMALLEST)
    return Answers.of_samples(samples, np.log(bounded / (1.0 - bounded)))


def colour_warning(difference: Estimate | None) -> str | None:
    """Plain words where a network does not clearly beat colours alone; None where it does.

    Args:
        difference: the network's balanced accuracy less the forest's on the same images, paired.
    """
    if difference is not None and difference.is_clearly_positive:
        return None
    measured = (
        "cannot be measured on these images" if difference is None else f"is {difference.as_points()} (95 % interval)"
    )
    return (
        "The network does not clearly beat colours alone: its balanced accuracy less that of a random forest on colour "
        f"statistics {measured}. So this score is no evidence that the network looks at cells."
    )
