"""The flag on small pictures; the rates of the demo model stand in test_demo and on its card."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.evaluation.appearance import LENGTH, appearance
from cloud_service.ml.evaluation.out_of_distribution import fit_flags
from cloud_service.ml.evaluation.probes import Probe, draw_probes, turn_hue
from cloud_service.ml.evaluation.typical import BrokenStatisticsError, Pixels, Typical
from cloud_service.ml.synthetic.dataset import LABELS, render

ROOT = Path(__file__).parents[5]
SIZE = 64


def smears(first: int, count: int) -> Pixels:
    """Procedural crops, one a slide, with and without ALL by turns."""
    drawn = (render("crop", seed, LABELS[seed % 2], (SIZE, SIZE)).image for seed in range(first, first + count))
    return np.stack(list(drawn))


@pytest.fixture(scope="module")
def typical() -> Typical:
    return Typical.of(smears(0, 120))


@pytest.fixture(scope="module")
def threshold(typical: Typical) -> float:
    return fit_flags(typical.scores(smears(1000, 60))).threshold


def test_few_images_of_its_own_source_are_flagged(typical: Typical, threshold: float) -> None:
    assert (typical.scores(smears(2000, 60)) > threshold).mean() <= 0.1


@pytest.mark.parametrize("probe", [Probe.PHOTOGRAPH, Probe.BLANK, Probe.NOISE])
def test_what_is_no_smear_is_flagged(typical: Typical, threshold: float, probe: Probe) -> None:
    assert (typical.scores(draw_probes(probe, count=40, size=SIZE, seed=3)) > threshold).mean() >= 0.95


def test_another_stain_is_flagged(typical: Typical, threshold: float) -> None:
    assert (typical.scores(turn_hue(smears(2000, 40), 120.0)) > threshold).mean() >= 0.95


def test_statistics_survive_their_file(typical: Typical) -> None:
    again = Typical.from_bytes(typical.to_bytes())
    pixels = smears(3000, 3)
    assert np.array_equal(again.scores(pixels), typical.scores(pixels))


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_file_that_holds_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenStatisticsError, match="cannot be read"):
        Typical.from_bytes(content)


def test_statistics_of_another_version_are_refused() -> None:
    other = Typical(np.zeros(5, np.float32), np.zeros((5, 5), np.float32))
    with pytest.raises(BrokenStatisticsError, match=f"5 entries, this program works out {LENGTH}"):
        Typical.from_bytes(other.to_bytes())


def test_images_that_are_all_alike_can_be_typical_too() -> None:
    flat = np.full((3, SIZE, SIZE, 3), 200, np.uint8)
    typical = Typical.of(flat)
    assert np.isfinite(typical.scores(np.concatenate([flat, smears(0, 1)]))).all()
    assert typical.scores(flat).max() < typical.scores(smears(0, 1))[0]
    assert 0.0 < fit_flags(np.zeros(3)).threshold < typical.scores(smears(0, 1))[0]


def test_few_validation_images_promise_less() -> None:
    few = fit_flags(np.arange(1.0, 10.0))
    assert (few.threshold, few.false_flags_promised) == (9.0, 0.1)
    many = fit_flags(np.arange(1.0, 100.0))
    assert (many.threshold, many.false_flags_promised) == (98.0, 0.02)


def test_appearance_is_finite_for_black_and_white_and_for_no_images() -> None:
    extremes = np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in (0, 255)])
    assert appearance(extremes).shape == (2, LENGTH)
    assert np.isfinite(appearance(extremes)).all()
    assert appearance(extremes[:0]).shape == (0, LENGTH)


@pytest.mark.parametrize("probe", [Probe.PHOTOGRAPH, Probe.BLANK, Probe.NOISE])
def test_the_same_seed_draws_the_same_pictures(probe: Probe) -> None:
    first, again, other = (draw_probes(probe, count=5, size=40, seed=seed) for seed in (1, 1, 2))
    assert first.shape == (5, 40, 40, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_another_stain_is_made_of_images() -> None:
    with pytest.raises(ValueError, match="turn_hue"):
        draw_probes(Probe.OTHER_STAIN, count=1, size=40, seed=1)


def test_turning_the_hue_leaves_greys_and_comes_back_after_a_full_turn() -> None:
    grey = np.full((1, 4, 4, 3), 130, np.uint8)
    assert np.array_equal(turn_hue(grey, 77.0), grey)
    purple = np.broadcast_to(np.array([150, 90, 170], np.uint8), (1, 4, 4, 3))
    assert np.array_equal(turn_hue(purple, 360.0), purple)
    assert turn_hue(purple, 120.0)[0, 0, 0].tolist() == [170, 150, 90]


def test_scoring_needs_neither_torch_nor_scikit_learn() -> None:
    program = (
        "import sys, cloud_service.ml.evaluation.typical, cloud_service.ml.package;"
        "print(sorted({'torch', 'sklearn', 'scipy', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
