import numpy as np
import pytest
from sklearn import metrics

from cloud_service.ml.evaluation.answers import Answers, EvaluationError
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint, roc_curve, weighted_measures
from tests.support.answers import answers, random_answers


def measured(found: Answers, **point: float) -> dict[Measure, float]:
    weights = np.ones((1, len(found.logits)))
    return {name: float(value[0]) for name, value in weighted_measures(found, OperatingPoint(**point), weights).items()}


def test_figures_worked_out_by_hand() -> None:
    found = measured(answers([2.0, -1.0, 1.0, -3.0], [1, 1, 0, 0]))
    halves = (Measure.ACCURACY, Measure.RECALL_ALL, Measure.RECALL_NOT_ALL, Measure.PRECISION_ALL, Measure.F1_ALL)
    assert [found[name] for name in halves] == [0.5] * 5
    assert found[Measure.ROC_AUC] == 0.75  # 2 is above both, -1 above one of two
    by_hand = (np.log1p(np.exp(-2)) + np.log1p(np.exp(1)) + np.log1p(np.exp(1)) + np.log1p(np.exp(-3))) / 4
    assert found[Measure.LOSS] == pytest.approx(by_hand)


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scikit_learn(seed: int) -> None:
    found = random_answers(seed, groups=12, distance=0.7)
    found = Answers(np.round(found.logits, 1), found.labels, found.groups, found.features)  # so that there are ties
    labels, scores, called = found.labels, found.probabilities(1.5), found.probabilities(1.5) >= 0.6
    ours = measured(found, threshold=0.6, temperature=1.5)
    expected = {
        Measure.ACCURACY: metrics.accuracy_score(labels, called),
        Measure.BALANCED_ACCURACY: metrics.balanced_accuracy_score(labels, called),
        Measure.PRECISION_ALL: metrics.precision_score(labels, called),
        Measure.RECALL_ALL: metrics.recall_score(labels, called),
        Measure.F1_ALL: metrics.f1_score(labels, called),
        Measure.PRECISION_NOT_ALL: metrics.precision_score(labels, called, pos_label=0),
        Measure.RECALL_NOT_ALL: metrics.recall_score(labels, called, pos_label=0),
        Measure.F1_NOT_ALL: metrics.f1_score(labels, called, pos_label=0),
        Measure.ROC_AUC: metrics.roc_auc_score(labels, scores),
        Measure.LOSS: metrics.log_loss(labels, scores),
        Measure.BRIER: metrics.brier_score_loss(labels, scores),
    }
    assert {name: ours[name] for name in expected} == pytest.approx(expected)


def test_a_weight_of_two_is_the_image_twice() -> None:
    once = answers([2.0, -1.0, 1.0, -3.0, 0.5], [1, 1, 0, 0, 1])
    twice = answers([2.0, 2.0, -1.0, 1.0, -3.0, -3.0], [1, 1, 1, 0, 0, 0])
    weighted = weighted_measures(once, OperatingPoint(), np.array([[2.0, 1.0, 1.0, 2.0, 0.0]]))
    assert {name: float(value[0]) for name, value in weighted.items()} == pytest.approx(measured(twice))


def test_rates_at_fixed_rates_are_read_off_the_curve() -> None:
    # Sorted: 5 ALL, 4 not, 3 ALL, 2 ALL, 1 not, 0 not.
    found = measured(answers([5, 4, 3, 2, 1, 0], [1, 0, 1, 1, 0, 0]), fixed_specificity=1.0, fixed_sensitivity=1.0)
    assert found[Measure.SENSITIVITY_AT_SPECIFICITY] == pytest.approx(1 / 3)
    assert found[Measure.SPECIFICITY_AT_SENSITIVITY] == pytest.approx(2 / 3)
    found = measured(answers([5, 4, 3, 2, 1, 0], [1, 0, 1, 1, 0, 0]), fixed_specificity=0.6)
    assert found[Measure.SENSITIVITY_AT_SPECIFICITY] == 1.0


def test_the_curve_goes_from_nothing_to_everything() -> None:
    (false_rate,), (true_rate,) = roc_curve(answers([1, 1, 0], [1, 0, 0]))
    assert false_rate.tolist() == [0.0, 0.5, 1.0]
    assert true_rate.tolist() == [0.0, 1.0, 1.0]


def test_one_label_only_leaves_figures_undefined() -> None:
    found = measured(answers([1.0, -1.0], [1, 1]))
    assert (found[Measure.ACCURACY], found[Measure.RECALL_ALL]) == (0.5, 0.5)
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {
        Measure.BALANCED_ACCURACY,
        Measure.PRECISION_ALL,
        Measure.F1_ALL,
        Measure.PRECISION_NOT_ALL,
        Measure.RECALL_NOT_ALL,
        Measure.F1_NOT_ALL,
        Measure.ROC_AUC,
        Measure.SENSITIVITY_AT_SPECIFICITY,
        Measure.SPECIFICITY_AT_SENSITIVITY,
    }


def test_huge_logits_do_not_overflow() -> None:
    assert measured(answers([1e4, -1e4], [1, 0]))[Measure.LOSS] == 0.0


@pytest.mark.parametrize(
    ("logits", "text"), [([], "no image"), ([float("nan"), 1.0], "no number for 1 of 2"), ([np.inf, 1.0], "no number")]
)
def test_answers_that_cannot_be_measured_are_refused(logits: list[float], text: str) -> None:
    with pytest.raises(EvaluationError, match=text):
        answers(logits, [1] * len(logits))


def test_answers_of_other_lengths_are_refused() -> None:
    with pytest.raises(EvaluationError, match="2 logits came with"):
        answers([1.0, 2.0], [1])


def test_a_part_of_the_answers() -> None:
    part = answers([1.0, 2.0, 3.0], [1, 0, 1]).where(np.array([True, False, True]))
    assert (part.logits.tolist(), part.groups.tolist()) == ([1.0, 3.0], ["group-0", "group-2"])
    assert [path.name for path in part.paths] == ["0.png", "2.png"]
