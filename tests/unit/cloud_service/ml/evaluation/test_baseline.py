import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_service.ml.datasets.pixels import labels_of
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.evaluation.baseline import colour_answers, colour_warning, cross_validated_colour_answers
from cloud_service.ml.evaluation.intervals import Estimate


def data(count: int, *, tells: bool, seed: int, groups: int = 8) -> tuple[NDArray[np.uint8], list[Sample]]:
    """Plain images whose colour tells the label, or does not."""
    chance = np.random.default_rng(seed)
    samples = [Sample(Path(f"{seed}-{i}.png"), bool(i % 2), f"{i % 2}-{i // 2 % groups}") for i in range(count)]
    shades = [130 + 60 * (sample.is_all if tells else chance.integers(2)) for sample in samples]
    pixels = np.array(shades, np.uint8)[:, None, None, None] + chance.integers(0, 30, (count, 8, 8, 3))
    return pixels.astype(np.uint8), samples


@pytest.mark.parametrize(("tells", "low", "high"), [(True, 0.99, 1.0), (False, 0.2, 0.8)])
def test_colours_tell_the_label_where_they_can(*, tells: bool, low: float, high: float) -> None:
    training, trained_on = data(40, tells=tells, seed=1)
    pixels, samples = data(40, tells=tells, seed=2)
    found = colour_answers(training, labels_of(trained_on), pixels, samples)
    assert low <= ((found.logits >= 0) == found.positive).mean() <= high
    crossed = cross_validated_colour_answers(pixels, samples)
    assert crossed is not None
    assert low <= ((crossed.logits >= 0) == crossed.positive).mean() <= high


def test_an_image_is_judged_by_a_forest_that_saw_no_image_of_its_group() -> None:
    """Each group has a colour of its own that says nothing of its label: to have seen it would give the label away."""
    chance = np.random.default_rng(0)
    colours = chance.integers(60, 220, (24, 3))
    samples = [Sample(Path(f"{i}.png"), bool(i // 6 % 2), f"group-{i // 6}") for i in range(144)]
    pixels = np.stack([np.full((8, 8, 3), colours[i // 6], np.uint8) for i in range(144)])
    crossed = cross_validated_colour_answers(pixels, samples)
    assert crossed is not None
    assert ((crossed.logits >= 0) == crossed.positive).mean() < 0.8


def test_a_label_in_one_group_leaves_nothing_to_compare() -> None:
    pixels, samples = data(8, tells=True, seed=1, groups=1)
    assert cross_validated_colour_answers(pixels, samples) is None


def test_a_network_that_clearly_beats_colours_needs_no_warning() -> None:
    assert colour_warning(Estimate(value=0.1, low=0.01, high=0.2)) is None


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (Estimate(value=0.1, low=-0.01, high=0.2), r"\+10\.0 points \[-1\.0, \+20\.0\]"),
        (Estimate(value=0.0, low=0.0, high=0.0), r"\+0\.0 points \[\+0\.0, \+0\.0\]"),
        (Estimate(value=0.3), "no interval"),
        (None, "cannot be measured"),
    ],
)
def test_a_network_that_does_not_is_told_so_in_plain_words(difference: Estimate | None, text: str) -> None:
    warning = colour_warning(difference)
    assert warning is not None
    assert warning.startswith("The network does not clearly beat colours alone")
    assert "no evidence that the network looks at cells" in warning
    assert re.search(text, warning)
