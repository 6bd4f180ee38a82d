"""Appearance is worked out by counting; here it stands beside the plain formula, which sorts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_service.ml.evaluation.appearance import LENGTH, appearance
from cloud_service.ml.evaluation.probes import Probe, draw_probes, turn_hue
from cloud_service.ml.synthetic.dataset import LABELS, render

SIZE = 224


def plain_appearance(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The 33 statistics of one image (S, S, 3), as they are defined."""
    red, green, blue = np.moveaxis(-np.log(np.maximum(image.astype(np.float64), 4.0) / 255.0), 2, 0)
    planes = (red, green, blue, red - green, blue - green)
    levels = [np.percentile(plane, percentile) for percentile in (2, 25, 50, 75, 98) for plane in planes]
    together = [correlation(red, green), correlation(blue, green)]
    grain = [roughness(plane, step) for step in (1, 4, 16) for plane in (green, red - green)]
    return np.array([*levels, *together, *grain])


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    spread = float(first.std() * second.std())
    return float(np.mean((first - first.mean()) * (second - second.mean()))) / spread if spread > 1e-6 else 0.0


def roughness(plane: NDArray[np.float64], step: int) -> float:
    down, across = plane[step:] - plane[:-step], plane[:, step:] - plane[:, :-step]
    return float(np.log(np.mean(down**2) + np.mean(across**2) + 1e-6))


def crops() -> NDArray[np.uint8]:
    return np.stack([render("crop", seed, LABELS[seed % 2], (SIZE, SIZE)).image for seed in range(4)])


def extremes() -> NDArray[np.uint8]:
    """Black, white, one colour, two halves, and the darkest grey that is told from black beside one that is not."""
    flat = np.zeros((5, 33, 33, 3), np.uint8)
    flat[1], flat[2], flat[3, :, 16:], flat[4, :16] = 255, (150, 90, 170), (255, 0, 7), 4
    flat[4, 16:] = 5
    return flat


@pytest.mark.parametrize(
    "pixels",
    [
        crops(),
        turn_hue(crops(), 60.0),
        *(draw_probes(probe, count=3, size=SIZE, seed=9) for probe in (Probe.PHOTOGRAPH, Probe.BLANK, Probe.NOISE)),
        extremes(),
    ],
    ids=["crops", "other stain", "photographs", "blank", "noise", "extremes"],
)
def test_counting_gives_what_sorting_gives(pixels: NDArray[np.uint8]) -> None:
    expected = np.stack([plain_appearance(image) for image in pixels])
    assert expected.shape[1] == LENGTH
    assert np.abs(appearance(pixels) - expected).max() < 1e-5


def test_an_image_may_be_a_view_that_nobody_may_write_to() -> None:
    whole = crops()[:1]
    view = np.frombuffer(np.ascontiguousarray(whole[..., ::-1]).tobytes(), np.uint8).reshape(whole.shape)[..., ::-1]
    assert np.array_equal(appearance(view), appearance(whole))
