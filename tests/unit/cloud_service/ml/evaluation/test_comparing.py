"""Two models on the same images."""

import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.comparing import COMPARED, AnswersAt, compare
from cloud_service.ml.evaluation.estimate import Estimate, groups_to_show
from cloud_service.ml.evaluation.intervals import paired_difference, paired_differences, with_exact_ends
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint
from tests.support.answers import answers, random_answers

POINT = OperatingPoint()


def test_each_model_is_taken_at_its_own_threshold_and_temperature() -> None:
    made = answers([2.0, 0.5, -0.5, -2.0], [1, 1, 0, 0])
    strict = OperatingPoint(threshold=0.8, temperature=1.0)

    found = compare(AnswersAt(made, strict), AnswersAt(made, POINT))

    assert found.champion is not None
    assert (found.challenger.confusion.misses, found.champion.confusion.misses) == (1, 0)
    assert (found.challenger.point, found.champion.point) == (strict, POINT)
    assert found.groups_with_all == 2


def test_the_counts_of_pairs_add_up_for_each_label() -> None:
    ours = answers([1.0, 1.0, -1.0, -1.0, 1.0, -1.0], [1, 1, 1, 1, 0, 0])
    theirs = answers([1.0, -1.0, 1.0, -1.0, -1.0, -1.0], [1, 1, 1, 1, 0, 0])

    found = compare(AnswersAt(ours, POINT), AnswersAt(theirs, POINT))

    assert found.with_all is not None
    assert found.without_all is not None
    assert found.with_all.model_dump() == {"both": 1, "only_challenger": 1, "only_champion": 1, "neither": 1}
    assert found.without_all.model_dump() == {"both": 1, "only_challenger": 0, "only_champion": 1, "neither": 0}


def test_differences_are_the_challengers_less_the_champions() -> None:
    ours, theirs = random_answers(1, groups=24, distance=2.5), random_answers(2, groups=24, distance=0.5)

    found = compare(AnswersAt(ours, POINT), AnswersAt(theirs, POINT))

    assert found.champion is not None
    assert set(found.differences) == set(COMPARED)
    for measure, difference in found.differences.items():
        assert difference is not None
        ours_value, theirs_value = (model.figures.value(measure) for model in (found.challenger, found.champion))
        assert ours_value is not None
        assert theirs_value is not None
        assert difference.value == pytest.approx(ours_value - theirs_value)
    better = found.differences[Measure.BALANCED_ACCURACY]
    assert better is not None
    assert better.is_clearly_positive


def test_many_measures_at_once_give_what_each_gives_alone() -> None:
    ours, theirs = random_answers(1, groups=12), random_answers(2, groups=12)

    together = paired_differences(ours, theirs, COMPARED, seed=4, replicates=200)

    for measure in COMPARED:
        assert together[measure] == paired_difference(ours, theirs, measure, seed=4, replicates=200)


def test_images_of_one_patient_are_drawn_together() -> None:
    """The same answers, in groups of ten that are right or wrong as wholes, and each image by itself."""
    chance = np.random.default_rng(5)
    right = np.repeat(chance.random(40) < 0.7, 10)
    logits = np.where(right, 1.0, -1.0).tolist()
    labels = [1] * 400
    grouped = [f"patient {number // 10}" for number in range(400)]
    champion = [1.0] * 400

    wide = paired_difference(answers(logits, labels, grouped), answers(champion, labels, grouped), Measure.RECALL_ALL)
    narrow = paired_difference(answers(logits, labels), answers(champion, labels), Measure.RECALL_ALL)

    assert wide is not None
    assert narrow is not None
    assert width(wide) > 2 * width(narrow)


def width(estimate: Estimate) -> float:
    assert estimate.high is not None
    assert estimate.low is not None
    return estimate.high - estimate.low


def test_without_a_champion_there_are_no_differences() -> None:
    found = compare(AnswersAt(random_answers(1, groups=8), POINT))

    assert (found.champion, found.differences, found.with_all, found.without_all) == (None, {}, None, None)


def test_other_images_are_refused() -> None:
    with pytest.raises(EvaluationError, match="same images in the same order"):
        compare(AnswersAt(random_answers(1, groups=8), POINT), AnswersAt(random_answers(1, groups=9), POINT))


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
def test_so_many_groups_are_needed_to_exclude_a_loss(margin: float) -> None:
    groups = groups_to_show(margin)
    alike = Estimate(value=0.0, low=0.0, high=0.0)

    enough, too_few = (with_exact_ends(alike, count, least=-1.0).low for count in (groups, groups - 1))

    assert enough is not None
    assert too_few is not None
    assert too_few < -margin <= enough
