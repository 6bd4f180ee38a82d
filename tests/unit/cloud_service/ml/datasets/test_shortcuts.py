import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.shortcuts import (
    background_statistics,
    colour_statistics,
    corner_statistics,
    forest_scores,
    predictability,
)
from shared.imaging.preprocess import PreprocessSpec
from tests.support.real_smears import FIELDS, needs_fields


def noise(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 24, 30, 3), dtype=np.uint8)


def test_colour_statistics_are_blind_to_where_a_colour_is() -> None:
    pixels = noise(2)
    found = colour_statistics(pixels)
    assert found.shape == (2, 21)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, :3], pixels[0].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found[1, 3:6], pixels[1].std((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(colour_statistics(pixels[:, ::-1, ::-1]), found, rtol=1e-4)


def test_the_background_is_what_is_bright() -> None:
    image = np.full((1, 20, 20, 3), (90, 40, 120), np.uint8)
    image[0, :5] = (230, 220, 235)  # a quarter of it
    np.testing.assert_allclose(background_statistics(image)[0], [230, 220, 235, 0, 0, 0])


def test_corners_are_looked_at_one_by_one() -> None:
    pixels = np.full((1, 60, 60, 3), 200, np.uint8)
    pixels[0, -10:, -10:] = 0
    found = corner_statistics(pixels).reshape(4, 6)
    np.testing.assert_allclose(found[:3, :3], 200)
    np.testing.assert_allclose(found[3, :3], 0)


@pytest.mark.parametrize("statistics", [colour_statistics, background_statistics, corner_statistics])
def test_no_images_have_no_statistics(statistics: object) -> None:
    assert callable(statistics)
    assert statistics(noise(0)).shape[0] == 0


def test_the_forest_is_repeatable_and_gives_scores() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 3)).astype(np.float32), np.arange(60) % 2
    x[:, 0] += 4 * y
    scores = forest_scores(x[:40], y[:40], x[40:], seed=1)
    assert scores.shape == (20,)
    assert scores.dtype == np.float64
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert ((scores > 0.5) == y[40:]).all()
    np.testing.assert_array_equal(scores, forest_scores(x[:40], y[:40].astype(np.float32), x[40:], seed=1))


def test_what_groups_alone_betray_is_no_more_than_chance_when_they_are_held_out() -> None:
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(60), 4)
    labels = groups % 2 == 0
    mark = rng.normal(size=60)[groups] + 1e-3 * rng.normal(size=240)  # tells the group, and nothing of its label
    found = predictability(mark[:, None].astype(np.float32), labels, [str(group) for group in groups], seed=1)
    assert found is not None
    assert found.folds == 5
    assert found.mixed > 0.9
    assert found.grouped < 0.65


def test_nothing_to_tell_apart_and_nothing_to_hold_out() -> None:
    labels = np.arange(8) % 2 == 0
    alike = predictability(np.ones((8, 2), np.float32), labels, list("abcdefgh"), seed=1)
    assert alike is not None
    assert (alike.mixed, alike.grouped, alike.folds) == (0.5, 0.5, 4)
    assert predictability(np.ones((8, 2), np.float32), labels, list("abababab"), seed=1) is None


@needs_fields
def test_colours_and_background_predict_the_class_of_the_real_fields() -> None:
    """Known of this set: about 0.95 from all colours and 0.89 from the background, less with whole blocks held out."""
    samples = read_dataset(FIELDS)
    pixels = load_pixels(samples, PreprocessSpec(size=112))
    labels, groups = labels_of(samples) == 1, [sample.group for sample in samples]
    colours = predictability(colour_statistics(pixels), labels, groups, seed=1)
    background = predictability(background_statistics(pixels), labels, groups, seed=1)
    assert colours is not None
    assert background is not None
    assert colours.mixed == pytest.approx(0.95, abs=0.02)
    assert background.mixed == pytest.approx(0.9, abs=0.03)
    assert 0.88 < colours.grouped < colours.mixed
    assert 0.8 < background.grouped < background.mixed
