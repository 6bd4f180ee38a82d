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

# A plane holds 256 densities at most and a difference of two 65,536: counting them is faster than sorting pixels.
_DENSITY: Final = -np.log(np.maximum(np.arange(256, dtype=np.float32), np.float32(_DARKEST)) / np.float32(255.0))
_BY_PAIR: Final = (_DENSITY[:, None] - _DENSITY).ravel()  # at 256 times the first byte plus the second
_ORDER: Final = np.argsort(_BY_PAIR)
_DIFFERENCES: Final = _BY_PAIR[_ORDER]
_RANK: Final = np.empty(len(_ORDER), dtype=np.uint16)
_RANK[_ORDER] = np.arange(len(_ORDER))


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
    bytes_ = np.ascontiguousarray(np.moveaxis(image, 2, 0))
    red, green, blue = _DENSITY.take(bytes_)
    pairs = _RANK.take(bytes_[1] + np.multiply(bytes_[[0, 2]], 256, dtype=np.uint16))  # red and blue, each with green
    levels = [
        *(_percentiles(np.bincount(plane.ravel(), minlength=256)[::-1], _DENSITY[::-1]) for plane in bytes_),
        *(_percentiles(np.bincount(plane.ravel(), minlength=65_536), _DIFFERENCES) for plane in pairs),
    ]
    grain = [_roughness(plane, step) for step in _STEPS for plane in (green, red - green)]
    together = [_correlation(red, green), _correlation(blue, green)]
    return np.concatenate([np.stack(levels, axis=1).ravel(), together, grain]).astype(np.float32)


def _percentiles(counts: NDArray[np.intp], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Exact percentiles, as `np.percentile` interpolates them, of a plane that has each of `values` so many times.

    Args:
        counts: (V,), how often.
        values: (V,), ascending.
    """
    up_to = counts.cumsum()
    places = np.array(_PERCENTILES) / 100.0 * (up_to[-1] - 1)
    low, high = (values[up_to.searchsorted(ends(places), side="right")] for ends in (np.floor, np.ceil))
    return np.asarray(low + (high - low) * (places % 1.0), dtype=np.float64)


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Correlation of two planes; 0 where one is flat."""
    ones, others = (plane.ravel() - plane.mean() for plane in (first, second))
    spread = float(np.sqrt(ones @ ones) * np.sqrt(others @ others))
    return float(ones @ others) / spread if spread > _FLAT * first.size else 0.0


def _roughness(plane: NDArray[np.float32], step: int) -> float:
    """Logarithm of the mean square difference of pixels `step` apart, down and across."""
    down, across = (plane[step:] - plane[:-step]).ravel(), (plane[:, step:] - plane[:, :-step]).ravel()
    return float(np.log(down @ down / down.size + across @ across / across.size + _FLAT))
