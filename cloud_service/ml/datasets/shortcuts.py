"""What predicts the class without any cytology: an image's colours, its background, its corners, its size.

A network that does not clearly beat the forest on colours has not been shown to look at cells.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

_PERCENTILES: Final = (1, 5, 25, 50, 75, 95, 99)
_BRIGHTEST: Final = 0.25
_TREES: Final = 300
_FOLDS: Final = 5


def colour_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean, deviation and percentiles of each image's red, green and blue and of their differences.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.

    Returns:
        (N, F) float32; nothing in them says where in the image a colour is.
    """
    return np.stack([_colours_of(image.reshape(-1, 3)) for image in pixels])


def background_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same as `colour_statistics`, of the brightest quarter of each image's pixels alone: the empty slide.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.

    Returns:
        (N, F) float32.
    """
    return np.stack([_colours_of(_brightest(image.reshape(-1, 3))) for image in pixels])


def forest_scores(
    train_x: NDArray[np.float32], train_y: NDArray[np.float32], test_x: NDArray[np.float32], *, seed: int
) -> NDArray[np.float64]:
    """What a random forest makes of the test images' statistics.

    Args:
        train_x: (N, F) statistics of the training part.
        train_y: (N,) 1 for ALL and 0 for the others; both occur.
        test_x: (M, F) statistics of the images to be judged.
        seed: decides the forest.

    Returns:
        (M,) float64 in [0, 1]: the share of trees, weighted, that say ALL.
    """
    forest = RandomForestClassifier(n_estimators=_TREES, class_weight="balanced", random_state=seed, n_jobs=1)
    forest.fit(train_x, train_y)
    scores: NDArray[np.float64] = forest.predict_proba(test_x)[:, list(forest.classes_).index(1)]
    return scores


def _colours_of(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Statistics of (P, 3) pixels, (F,) float32."""
    red, green, blue = colours.T.astype(np.float32)
    channels = np.stack([red, green, blue, red - green, green - blue])
    parts = (channels.mean(1), channels.std(1), np.percentile(channels, _PERCENTILES, axis=1).ravel())
    return np.concatenate(parts).astype(np.float32)


def _brightest(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    green = colours[:, 1]  # both dyes take green light away, so the empty slide is bright in it
    return colours[green >= np.quantile(green, 1 - _BRIGHTEST)]
