import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import Answers, EvaluationError
from cloud_service.ml.evaluation.intervals import (
    Estimate,
    bootstrap,
    estimate_measures,
    estimate_share,
    paired_difference,
    strata_of,
    warnings_about_groups,
)
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint, weighted_measures
from tests.support.answers import answers, random_answers

POINT = OperatingPoint()


def estimate(found: Answers, measure: Measure = Measure.ACCURACY, seed: int = 0) -> Estimate:
    measured = estimate_measures(found, POINT, seed=seed, replicates=500)[measure]
    assert measured is not None
    return measured


def width(found: Estimate) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def ungrouped(found: Answers) -> Answers:
    return answers(found.logits.tolist(), [int(label) for label in found.labels])


def test_the_interval_holds_the_figure_and_the_seed_decides_it() -> None:
    found = random_answers(1, groups=20)
    first = estimate(found)
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high
    assert estimate(found) == first
    assert estimate(found, seed=1) != first


def test_images_that_resemble_their_group_widen_the_interval() -> None:
    found = random_answers(3, groups=20, per_group=20, group_spread=3.0)
    assert width(estimate(found)) > 2.0 * width(estimate(ungrouped(found)))


def test_nearly_95_in_100_intervals_hold_the_truth_and_those_without_groups_do_not() -> None:
    """Of 100 data sets with shifts that a group's images share; the truth is that of 40,000 images."""
    truth = weighted_measures(random_answers(0, groups=4000, group_spread=1.5), POINT, np.ones((1, 40_000)))
    true = float(truth[Measure.BALANCED_ACCURACY][0])
    held = held_without = 0
    for seed in range(1, 101):
        sample = random_answers(seed, groups=16, group_spread=1.5)
        by_group, by_image = (estimate(part, Measure.BALANCED_ACCURACY) for part in (sample, ungrouped(sample)))
        held += (by_group.low or 0.0) <= true <= (by_group.high or 0.0)
        held_without += (by_image.low or 0.0) <= true <= (by_image.high or 0.0)
    assert held >= 88
    assert held_without <= 80


def test_few_groups_move_the_ends_outwards() -> None:
    """At 4 groups the ends are the 0.0118 % quantiles of Hesterberg (2015), so nearly the extremes."""
    values = np.array([0.1, 0.2, 0.4, 0.7])
    groups = np.array(["a", "b", "c", "d"])
    (found,) = bootstrap(lambda weights: (weights @ values / 4.0)[:, None], groups, bearing=[4], seed=0)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.35, 0.1, 0.7), abs=0.08)
    (many,) = bootstrap(lambda weights: (weights @ values / 4.0)[:, None], groups, bearing=[1000], seed=0)
    assert many is not None
    assert width(many) < width(found)


def test_one_group_has_no_interval() -> None:
    found = answers([1.0, -1.0, 2.0], [1, 0, 0], ["only"] * 3)
    assert estimate(found) == Estimate(value=2 / 3)


def test_a_label_in_one_group_has_no_interval_for_what_needs_it() -> None:
    found = answers([1.0, -1.0, 2.0, -1.0, 0.5], [1, 1, 1, 0, 0], ["a", "b", "c", "d", "d"])
    assert estimate(found, Measure.RECALL_ALL).low is not None
    assert estimate(found, Measure.RECALL_NOT_ALL).low is None
    assert estimate(found, Measure.BALANCED_ACCURACY).low is None


def test_where_nothing_is_wrong_groups_count_as_single_trials() -> None:
    """Exact binomial (Clopper and Pearson): 0.025 ** (1 / 10) with 10 groups of each label."""
    found = random_answers(1, groups=20, distance=50.0)
    assert estimate(found, Measure.RECALL_ALL) == Estimate(value=1.0, low=0.025 ** (1 / 10), high=1.0)
    assert estimate(found, Measure.ROC_AUC).low == pytest.approx(0.025 ** (1 / 10))


def test_a_share_of_nothing_and_of_everything_has_exact_ends() -> None:
    groups = np.array([str(index) for index in range(50)])
    everything = estimate_share(np.ones(50, bool), groups)
    assert (everything.value, everything.low, everything.high) == pytest.approx((1.0, 0.9289, 1.0), abs=1e-4)
    none = estimate_share(np.zeros(50, bool), groups)
    assert (none.value, none.low, none.high) == pytest.approx((0.0, 0.0, 0.0711), abs=1e-4)


def test_groups_of_each_label_are_drawn_by_themselves() -> None:
    """So precision does not swing with the number of groups without ALL that happen to be drawn."""
    found = answers([-1.0] + [1.0] * 14 + [-1.0], [1] * 12 + [0] * 4)  # each in a group of its own
    (drawn_together,) = bootstrap(
        lambda weights: weighted_measures(found, POINT, weights)[Measure.PRECISION_ALL][:, None],
        found.groups,
        bearing=[4],
        seed=0,
    )
    assert drawn_together is not None
    assert width(estimate(found, Measure.PRECISION_ALL)) < 0.75 * width(drawn_together)
    groups = np.array(["a", "a", "b", "b", "c"])
    assert strata_of(groups, np.array([True, True, True, False, False])).tolist() == [2, 2, 3, 3, 1]


def test_a_paired_difference_knows_that_the_images_are_the_same() -> None:
    first = random_answers(5, groups=30, group_spread=2.0)
    second = Answers(first.logits - 0.4 * first.labels, first.labels, first.groups, first.features, first.paths)
    found = paired_difference(first, second, Measure.LOSS)
    assert found is not None
    assert found.value == pytest.approx(estimate(first, Measure.LOSS).value - estimate(second, Measure.LOSS).value)
    assert width(found) < 0.5 * width(estimate(first, Measure.LOSS))


def test_two_models_that_answer_alike_may_differ_on_other_images() -> None:
    """With 15 groups of each label, on 1 - 0.025 ** (1 / 15) of all groups; and their losses are the same."""
    found = random_answers(5, groups=30)
    difference = paired_difference(found, found, Measure.BALANCED_ACCURACY)
    assert difference is not None
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.0, -0.2180, 0.2180), abs=1e-4)
    assert paired_difference(found, found, Measure.LOSS) == Estimate(value=0.0, low=0.0, high=0.0)


def test_a_difference_that_all_groups_share_is_clear_from_enough_of_them_on() -> None:
    def against_one_that_calls_all_suspicious(groups: int) -> Estimate | None:
        labels = [1, 0] * groups
        right = answers([2.0 if label else -2.0 for label in labels], labels)
        return paired_difference(right, answers([2.0] * 2 * groups, labels), Measure.BALANCED_ACCURACY)

    few, many = against_one_that_calls_all_suspicious(4), against_one_that_calls_all_suspicious(16)
    assert few is not None
    assert (few.value, few.is_clearly_positive) == (0.5, False)
    assert many is not None
    assert (many.value, many.is_clearly_positive) == (0.5, True)


def test_one_answer_for_all_images_does_not_make_half_of_them_right_for_certain() -> None:
    """Sensitivity 1 and specificity 0, each of 10 groups: the mean of their exact intervals."""
    found = answers([1.0] * 20, [1, 0] * 10)
    likely = 0.025 ** (1 / 10)
    balanced = estimate(found, Measure.BALANCED_ACCURACY)
    assert (balanced.low, balanced.high) == pytest.approx((likely / 2, 1 - likely / 2))


def test_other_images_cannot_be_paired() -> None:
    found = random_answers(5, groups=30)
    with pytest.raises(EvaluationError, match="same images"):
        paired_difference(found, random_answers(5, groups=28), Measure.ACCURACY)


def test_few_groups_are_told_in_words() -> None:
    (warning,) = warnings_about_groups(random_answers(1, groups=10))
    assert warning.startswith("Only 5 groups hold images with ALL and 5 groups hold images without ALL.")
    assert not warnings_about_groups(random_answers(1, groups=16))


def test_how_an_estimate_is_written() -> None:
    assert Estimate(value=0.971, low=0.93, high=1.0).as_percent() == "97.1 % [93.0, 100.0]"
    assert Estimate(value=0.971).as_percent() == "97.1 % [no interval]"
    assert Estimate(value=0.012, low=-0.005, high=0.029).as_points() == "+1.2 points [-0.5, +2.9]"
    assert Estimate(value=-0.012).as_points() == "-1.2 points [no interval]"
    assert Estimate(value=0.117, low=0.1, high=0.2).as_number() == "0.117 [0.100, 0.200]"
