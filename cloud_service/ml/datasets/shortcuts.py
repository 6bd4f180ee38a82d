"""What predicts the class without any cytology: an image's colours, its background, its corners, its size.

A network that does not clearly beat the forest on colours has not been shown to look at cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold

_PERCENTILES: Final = (5, 25, 50, 75, 95)
_BRIGHTEST: Final = 0.25
_CORNER: Final = 1 / 6
_TREES: Final = 100
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Predictability:
    """How well something that is no cytology predicts the class, cross-validated; 0.5 is chance.

    Attributes:
        mixed: balanced accuracy where each image goes into a fold by itself.
        grouped: the same where each group goes into one fold as a whole.
        folds: how many there were.
    """

    mixed: float
    grouped: float
    folds: int


def colour_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean, deviation and percentiles of each image's red, green and blue.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.

    Returns:
        (N, 21) float32; nothing in them says where in the image a colour is.
    """
    return _stacked([_colours_of(image.reshape(-1, 3)) for image in pixels], 3 * (2 + len(_PERCENTILES)))


def background_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean and deviation of the colour of each image's brightest quarter: the empty slide under its lamp.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.

    Returns:
        (N, 6) float32.
    """
    return _stacked([_mean_and_deviation(_brightest(image.reshape(-1, 3))) for image in pixels], 6)


def corner_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean and deviation of the colour in each image's four corners, where scale bars and time stamps are.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.

    Returns:
        (N, 24) float32.
    """
    return _stacked([np.concatenate([_mean_and_deviation(part) for part in _corners(image)]) for image in pixels], 24)


def forest_scores(
    train_x: NDArray[np.float32], train_y: NDArray[np.generic], test_x: NDArray[np.float32], *, seed: int
) -> NDArray[np.float64]:
    """What a random forest makes of the test images' statistics.

    Args:
        train_x: (N, F) statistics of the training part.
        train_y: (N,) 1 or True for ALL and 0 or False for the others; both occur.
        test_x: (M, F) statistics of the images to be judged.
        seed: decides the forest.

    Returns:
        (M,) float64 in [0, 1]: the mean over the trees of the share that is ALL.
    """
    forest = RandomForestClassifier(n_estimators=_TREES, class_weight="balanced", random_state=seed, n_jobs=1)
    forest.fit(train_x, train_y.astype(np.bool_))
    scores: NDArray[np.float64] = forest.predict_proba(test_x)[:, 1]  # False comes first
    return scores


def predictability(
    statistics: NDArray[np.float32], labels: NDArray[np.bool_], groups: Sequence[str], *, seed: int
) -> Predictability | None:
    """How well a random forest on `statistics` predicts the class of images that it has not seen.

    Args:
        statistics: (N, F).
        labels: (N,) whether an image is ALL.
        groups: N names.
        seed: decides folds and forests.

    Returns:
        None where a label has fewer than two groups, so that nothing can be held out.
    """
    fewest = min(len({group for group, own in zip(groups, labels, strict=True) if own == label}) for label in (0, 1))
    folds = min(_FOLDS, fewest)
    if folds < 2:  # noqa: PLR2004 - one to learn from, one to judge
        return None
    alone = [str(index) for index in range(len(groups))]
    mixed, grouped = (_balanced_accuracy(statistics, labels, names, folds, seed) for names in (alone, groups))
    return Predictability(mixed, grouped, folds)


def _balanced_accuracy(
    statistics: NDArray[np.float32], labels: NDArray[np.bool_], groups: Sequence[str], folds: int, seed: int
) -> float:
    """Balanced accuracy at 0.5 over all images, each judged by the forest of the fold that held it out."""
    if (statistics == statistics[:1]).all():
        return 0.5  # nothing to tell images apart by
    scores = np.full(len(labels), 0.5)
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for training, test in splitter.split(statistics, labels, groups):
        scores[test] = forest_scores(statistics[training], labels[training], statistics[test], seed=seed)
    return float(balanced_accuracy_score(labels, scores > 0.5))  # noqa: PLR2004 - more trees for ALL than against


def _stacked(rows: Sequence[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    return np.stack(rows) if rows else np.empty((0, width), np.float32)


def _colours_of(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Statistics of (P, 3) pixels, (21,) float32."""
    percentiles = np.percentile(colours, _PERCENTILES, axis=0).ravel()
    return np.concatenate([_mean_and_deviation(colours), percentiles]).astype(np.float32)


def _mean_and_deviation(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of (P, 3) pixels, (6,) float32."""
    return np.concatenate([colours.mean(0), colours.std(0)]).astype(np.float32)


def _brightest(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    brightness = colours.sum(axis=1, dtype=np.int32)
    brightest: NDArray[np.uint8] = colours[brightness >= np.quantile(brightness, 1 - _BRIGHTEST)]
    return brightest


def _corners(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The pixels of the four corners of an (H, W, 3) image, each (P, 3)."""
    height, width = max(1, round(image.shape[0] * _CORNER)), max(1, round(image.shape[1] * _CORNER))
    rows, columns = (slice(None, height), slice(-height, None)), (slice(None, width), slice(-width, None))
    return [image[row, column].reshape(-1, 3) for row in rows for column in columns]
