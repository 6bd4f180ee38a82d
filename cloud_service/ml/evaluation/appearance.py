"""What an image looks like as a whole, in a few numbers; numpy alone, so that serving can work them out too."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_PERCENTILES: Final = (2, 25, 50, 75, 98)
_STEPS: Final = (1, 4, 16)
"""Distances in pixels at which neighbours are compared: grain, edges of cells, their arrangement."""

_DARKEST: Final = 4.0  # of 255: the density of black stays finite
_FLAT: Final = 1e-6


LENGTH: Final = 33


def appearance(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Statistics of stain, light and texture.

    Colours are taken as optical densities, in which dyes add up (Beer and Lambert); a hue is then a ratio of densities.

    Args:
        pixels: (N, S, S, 3) uint8, RGB, as `preprocess` gives them, S > 16.

    Returns:
        (N, 33) float32: percentiles of each channel's density, of red against green and of blue against green; how the
        channels go together; logarithms of the mean square differences of neighbours.
    """
    return np.stack([_appearance_of(image) for image in pixels]) if len(pixels) else np.empty((0, LENGTH), np.float32)


def _appearance_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    density = -np.log(np.maximum(image.astype(np.float32), _DARKEST) / 255.0)
    red, green, blue = (density[..., channel] for channel in range(3))
    planes = (red, green, blue, red - green, blue - green)
    levels = np.percentile(np.stack([plane.ravel() for plane in planes]), _PERCENTILES, axis=1).ravel()
    together = [_correlation(red, green), _correlation(blue, green)]
    grain = [_roughness(plane, step) for step in _STEPS for plane in (green, red - green)]
    return np.concatenate([levels, together, grain]).astype(np.float32)


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Correlation of two planes; 0 where one is flat."""
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread if spread > _FLAT else 0.0


def _roughness(plane: NDArray[np.float32], step: int) -> float:
    """Logarithm of the mean square difference of pixels `step` apart, down and across."""
    down, across = plane[step:] - plane[:-step], plane[:, step:] - plane[:, :-step]
    return float(np.log(np.square(down).mean() + np.square(across).mean() + _FLAT))
