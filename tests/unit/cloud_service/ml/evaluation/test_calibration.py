import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.calibration import calibration_of, fit_temperature
from tests.support.answers import answers


def drawn_from(logits: np.ndarray, scale: float, seed: int = 0) -> list[int]:
    """Labels as sigmoid(logit / scale) says."""
    chance = np.random.default_rng(seed)
    return [int(hit) for hit in chance.random(len(logits)) < 1.0 / (1.0 + np.exp(-logits / scale))]


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_finds_the_temperature_that_the_labels_were_drawn_at(scale: float) -> None:
    logits = np.random.default_rng(1).normal(0.0, 3.0, 4000)
    found = answers(logits.tolist(), drawn_from(logits, scale))
    temperature = fit_temperature(found)
    assert temperature == pytest.approx(scale, rel=0.1)
    assert calibration_of(found, temperature).expected_error < 0.02


def test_a_part_without_a_fault_does_not_make_certainty() -> None:
    """Alone they would be fitted best by T = 0; 40 images justify an error of a few in a hundred, not of none."""
    found = answers([-1.0] * 20 + [1.0] * 20, [0] * 20 + [1] * 20)
    assert 0.9 < found.probabilities(fit_temperature(found))[-1] < 0.99


def test_logits_far_from_zero_and_right_do_not_drive_the_temperature_up() -> None:
    found = answers([*[-30.0] * 70, *[30.0] * 70, 0.4, -0.4], [*[0] * 70, *[1] * 70, 0, 1])
    assert fit_temperature(found) < 1.2


def test_the_temperature_does_not_change_the_order() -> None:
    found = answers([-2.0, -1.0, 0.5, 3.0], [0, 1, 0, 1])
    order = np.argsort(found.logits)
    assert np.array_equal(np.argsort(found.probabilities(fit_temperature(found))), order)


def test_one_label_only_is_refused_with_advice() -> None:
    with pytest.raises(EvaluationError, match=r"validation part holds 2 images with ALL and 0 without.*Split"):
        fit_temperature(answers([1.0, 2.0], [1, 1]))


def test_the_expected_error_by_hand() -> None:
    """Logits 0 give 0.5 in the sixth bin, of which 1 in 4 has ALL; the others are certain and right."""
    found = answers([0.0, 0.0, 0.0, 0.0, 40.0, -40.0], [1, 0, 0, 0, 1, 0])
    calibration = calibration_of(found, 1.0)
    assert calibration.expected_error == pytest.approx(4 / 6 * 0.25)
    assert [part.images for part in calibration.bins] == [1, 0, 0, 0, 0, 4, 0, 0, 0, 1]
    assert (calibration.bins[5].mean_probability, calibration.bins[5].share_with_all) == (0.5, 0.25)
    assert calibration.bins[1].mean_probability is None
