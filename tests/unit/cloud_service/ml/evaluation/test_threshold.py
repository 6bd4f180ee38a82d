import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.threshold import choose_threshold
from tests.support.answers import answers, random_answers


def logit(probability: float) -> float:
    return float(np.log(probability / (1.0 - probability)))


def test_the_best_specificity_that_reaches_the_sensitivity() -> None:
    # Not ALL at 0 and 2; ALL at 1, 3, 4, 5: three of four are reached from 3 on, all only from 1 on.
    found = answers([0, 2, 1, 3, 4, 5], [0, 0, 1, 1, 1, 1])
    lenient = choose_threshold(found, temperature=1.0, sensitivity=0.75)
    assert logit(lenient.probability) == pytest.approx(2.5)
    assert (lenient.validation_sensitivity, lenient.validation_specificity) == (0.75, 1.0)
    strict = choose_threshold(found, temperature=1.0, sensitivity=1.0)
    assert logit(strict.probability) == pytest.approx(0.5)
    assert (strict.validation_sensitivity, strict.validation_specificity) == (1.0, 0.5)


def test_of_equal_specificities_the_most_sensitive_one_in_the_middle_of_the_gap() -> None:
    """All of 20 are told apart: a sensitivity of 95 % asks for no more than 19, but nothing is won by giving one up."""
    found = answers([-3.0, -1.0, *np.linspace(2.0, 9.0, 20).tolist()], [0, 0, *[1] * 20])
    chosen = choose_threshold(found, temperature=1.0, sensitivity=0.95)
    assert logit(chosen.probability) == pytest.approx(0.5)
    assert chosen.validation_sensitivity == 1.0


def test_the_temperature_moves_the_probability_and_not_the_choice() -> None:
    found = random_answers(2, groups=20)
    cold, warm = (choose_threshold(found, temperature=temperature) for temperature in (1.0, 2.0))
    assert logit(cold.probability) == pytest.approx(2.0 * logit(warm.probability))
    called = found.probabilities(1.0) >= cold.probability
    assert np.array_equal(called, found.probabilities(2.0) >= warm.probability)


@pytest.mark.parametrize("sensitivity", [0.5, 0.8, 0.95, 1.0])
def test_what_it_states_is_what_it_does(sensitivity: float) -> None:
    found = random_answers(4, groups=20, distance=0.5)
    chosen = choose_threshold(found, temperature=1.3, sensitivity=sensitivity)
    called = found.probabilities(1.3) >= chosen.probability
    assert called[found.positive].mean() == chosen.validation_sensitivity >= sensitivity
    assert (~called)[~found.positive].mean() == chosen.validation_specificity


def test_everything_may_have_to_be_called_suspicious() -> None:
    found = answers([0.0, 1.0], [1, 0])
    chosen = choose_threshold(found, temperature=1.0, sensitivity=1.0)
    assert chosen.probability < 0.5
    assert chosen.validation_specificity == 0.0


def test_logits_beyond_float32_still_give_a_threshold() -> None:
    chosen = choose_threshold(answers([900.0, 1000.0], [0, 1]), temperature=1.0)
    assert 0.5 < chosen.probability < 1.0


def test_one_label_only_is_refused() -> None:
    with pytest.raises(EvaluationError, match="both are needed"):
        choose_threshold(answers([1.0, 2.0], [0, 0]), temperature=1.0)
