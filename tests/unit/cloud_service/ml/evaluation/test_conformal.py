import numpy as np
import pytest

from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.conformal import (
    AbstainBand,
    conformal_quantile,
    fit_abstain_band,
    prediction_sets,
)
from cloud_service.ml.evaluation.coverage import coverage_of
from tests.support.answers import answers, random_answers


@pytest.mark.parametrize(
    ("count", "alpha", "rank"),
    [(9, 0.1, 9), (19, 0.05, 19), (19, 0.1, 18), (20, 0.1, 19), (99, 0.1, 90), (100, 0.1, 91)],
)
def test_the_rank_is_that_of_finite_samples(count: int, alpha: float, rank: int) -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1.0))
    assert conformal_quantile(scores, alpha) == rank


def test_too_few_images_promise_nothing() -> None:
    assert conformal_quantile(np.arange(8.0), 0.1) == 1.0
    assert conformal_quantile(np.arange(8.0), 0.1, otherwise=7.0) == 7.0


def test_the_promise_holds_on_the_mean_over_many_validation_parts() -> None:
    """Independent images: 90 % of each label, to within the error of 400 repetitions, and not much more than that."""
    covered = []
    for seed in range(400):
        validation = random_answers(seed, groups=38, per_group=1, distance=0.8)
        new = random_answers(10_000 + seed, groups=200, per_group=1, distance=0.8)
        band = fit_abstain_band(validation, temperature=1.0, alpha=0.1)
        holds_all, holds_not = prediction_sets(band, new.probabilities())
        covered.append((holds_all[new.positive].mean(), holds_not[~new.positive].mean()))
    for mean in np.mean(covered, axis=0):
        assert 0.89 <= mean <= 0.93  # the expectation with 19 images is 18 / 20 = 0.9


def test_the_temperature_does_not_matter() -> None:
    validation, new = random_answers(1, groups=40), random_answers(2, groups=40)
    sets = [prediction_sets(fit_abstain_band(validation, temperature=t), new.probabilities(t)) for t in (0.7, 1.0, 2.0)]
    assert all(np.array_equal(np.stack(sets[0]), np.stack(other)) for other in sets[1:])


def test_between_the_bounds_it_abstains() -> None:
    undecided = AbstainBand(alpha=0.1, quantile_all=0.8, quantile_not_all=0.7, images_with_all=50, images_without=50)
    assert undecided.bounds == pytest.approx((0.2, 0.7))
    holds_all, holds_not = prediction_sets(undecided, np.array([0.1, 0.5, 0.9]))
    assert list(zip(holds_all.tolist(), holds_not.tolist(), strict=True)) == [
        (False, True),
        (True, True),
        (True, False),
    ]
    like_neither = AbstainBand(alpha=0.1, quantile_all=0.1, quantile_not_all=0.2, images_with_all=50, images_without=50)
    assert like_neither.bounds == pytest.approx((0.2, 0.9))
    holds_all, holds_not = prediction_sets(like_neither, np.array([0.5]))
    assert not holds_all[0]
    assert not holds_not[0]


@pytest.mark.parametrize(("with_all", "alpha", "is_warned"), [(8, 0.1, True), (9, 0.1, False), (18, 0.05, True)])
def test_too_few_images_are_told_in_words(with_all: int, alpha: float, *, is_warned: bool) -> None:
    found = answers([*[1.0] * with_all, *[-1.0] * 30], [*[1] * with_all, *[0] * 30])
    warning = fit_abstain_band(found, temperature=1.0, alpha=alpha).warning
    assert (warning is not None) == is_warned
    assert warning is None or f"{with_all} validation images with ALL and 30 without" in warning


def test_coverage_counts_worked_out_by_hand() -> None:
    band = AbstainBand(alpha=0.1, quantile_all=0.8, quantile_not_all=0.7, images_with_all=50, images_without=50)
    logits = [np.log(p / (1.0 - p)) for p in (0.1, 0.5, 0.9, 0.1, 0.5, 0.9)]
    found = coverage_of(band, answers(logits, [1, 1, 1, 0, 0, 0]), temperature=1.0)
    assert found.promised == pytest.approx(0.9)
    assert found.coverage.value == pytest.approx(4 / 6)
    assert found.coverage_with_all is not None
    assert found.coverage_without is not None
    assert (found.coverage_with_all.value, found.coverage_without.value) == pytest.approx((2 / 3, 2 / 3))
    assert found.answered.value == pytest.approx(4 / 6)
    assert found.undecided == pytest.approx(2 / 6)
    assert found.like_neither == 0.0
    assert found.wrong_answers.value == pytest.approx(2 / 6)


def test_an_alpha_out_of_range_and_one_label_are_refused() -> None:
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        fit_abstain_band(answers([1.0, 0.0], [1, 0]), temperature=1.0, alpha=1.0)
    with pytest.raises(EvaluationError, match="both are needed"):
        fit_abstain_band(answers([1.0, 0.0], [1, 1]), temperature=1.0)
