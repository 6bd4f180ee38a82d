from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import Answers, EvaluationError
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.intervals import estimate_measures
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.experiments.statistics import (
    FIGURES,
    MACRO_F1,
    MACRO_PRECISION,
    POINT,
    Figures,
    mean_differences,
    mean_figures,
)


def answers(logits: Sequence[float], labels: Sequence[int], groups: Sequence[str] | None = None) -> Answers:
    names = [str(number) for number in range(len(logits))] if groups is None else list(groups)
    return Answers(
        logits=np.array(logits, dtype=float),
        labels=np.array(labels, dtype=float),
        groups=np.array(names),
        features=np.zeros((len(logits), 0)),
        paths=tuple(Path(name) for name in names),
    )


def noisy(seed: int, skill: float, *, images: int = 60, first_group: int = 0) -> Answers:
    labels = np.arange(images) % 2
    logits = (2 * labels - 1) * skill + np.random.default_rng(seed).normal(size=images)
    groups = [f"group {first_group + image // 2}" for image in range(images)]
    return answers(logits.tolist(), labels.tolist(), groups)


def value(figures: Figures, name: str) -> float:
    found = figures[name]
    assert found is not None
    return found.value


def test_means_are_those_of_the_runs() -> None:
    first = answers([1, 1, -1, -1], [1, 1, 0, 0])  # all right
    second = answers([1, -1, -1, -1], [1, 1, 0, 0])  # one of the two with ALL missed
    found = mean_figures([first, second])
    assert set(found) == set(FIGURES)
    assert value(found, "accuracy") == pytest.approx((1 + 0.75) / 2)
    assert value(found, "recall_all") == pytest.approx((1 + 0.5) / 2)
    assert value(found, MACRO_PRECISION) == pytest.approx((1 + (1 + 2 / 3) / 2) / 2)
    assert value(found, MACRO_F1) == pytest.approx((1 + (2 / 3 + 4 / 5) / 2) / 2)


def test_one_run_has_the_interval_of_an_evaluation() -> None:
    run = noisy(1, 0.8)
    found, expected = mean_figures([run]), estimate_measures(run, POINT)
    assert {name: found[name] for name in Measure} == expected


def test_several_runs_without_a_fault_are_not_certain() -> None:
    run = noisy(1, 10.0)
    accuracy = mean_figures([run, run, run])["accuracy"]
    assert accuracy is not None
    assert accuracy.low is not None
    assert accuracy.low < 0.95
    assert accuracy == mean_figures([run])["accuracy"]  # the same images again are no new evidence


def test_folds_of_other_groups_narrow_the_interval() -> None:
    folds = [noisy(seed, 0.8, first_group=30 * seed) for seed in range(4)]
    one, four = mean_figures(folds[:1])["accuracy"], mean_figures(folds)["accuracy"]
    assert width(four) < 0.75 * width(one)


def width(estimate: Estimate | None) -> float:
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


def test_two_models_that_answer_alike_may_differ_on_other_images() -> None:
    runs = [noisy(1, 0.8), noisy(2, 0.8)]
    found = mean_differences(runs, runs)
    assert value(found, "accuracy") == 0.0
    assert width(found["accuracy"]) == pytest.approx(2 * (1 - 0.025 ** (1 / 30)))
    assert found["loss"] == Estimate(value=0.0, low=0.0, high=0.0)


def test_a_clear_difference_is_told_and_an_unclear_one_is_not() -> None:
    good, bad = [noisy(1, 3.0), noisy(2, 3.0)], [noisy(3, 0.1), noisy(4, 0.1)]
    clear = mean_differences(good, bad)["balanced_accuracy"]
    assert clear is not None
    assert clear.is_clearly_positive
    unclear = mean_differences(bad, [noisy(5, 0.1), noisy(6, 0.1)])["balanced_accuracy"]
    assert unclear is not None
    assert not unclear.is_clearly_positive


def test_a_figure_without_meaning_is_left_out() -> None:
    found = mean_figures([answers([-1, -1, -1, -1], [1, 1, 0, 0])])  # nothing called ALL: no precision
    assert found["precision_all"] is None
    assert found[MACRO_PRECISION] is None


def test_other_images_cannot_be_compared() -> None:
    with pytest.raises(EvaluationError, match="same images"):
        mean_differences([noisy(1, 1.0)], [noisy(1, 1.0, first_group=7)])
