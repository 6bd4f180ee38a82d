"""The checks that compare a model with the one in service, on each locked test set by itself."""

from collections.abc import Callable

from cloud_service.gate.schemas import ComparisonFigures, GateCheck, TestSetFigures
from cloud_service.gate.words import check, missing, not_looked_at
from cloud_service.gate.work_order import AssessmentOrder, AssessmentOutcome
from cloud_service.ml.evaluation.comparison import Comparison
from cloud_service.ml.evaluation.estimate import Estimate, groups_to_show
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.vocabulary import GateCheckName

_Verdict = tuple[bool, str]  # on one test set, with its sentence
_WORDS = {
    Measure.BALANCED_ACCURACY: "balanced accuracy",
    Measure.ACCURACY: "accuracy",
    Measure.ROC_AUC: "area under the ROC curve",
    Measure.RECALL_ALL: "sensitivity",
    Measure.RECALL_NOT_ALL: "specificity",
}


def sensitivity_check(order: AssessmentOrder, outcome: AssessmentOutcome, figures: ComparisonFigures) -> GateCheck:
    """Non-inferiority: the lower end of the paired interval lies above minus the margin, and groups enough are seen.

    The interval alone would not do: it draws the groups that are there, and knows nothing of those that are not.
    """
    margin = figures.margins.sensitivity
    needed = groups_to_show(margin)

    def judge(wanted: TestSetFigures, comparison: Comparison) -> _Verdict:
        difference = comparison.differences[Measure.RECALL_ALL]
        if difference is None:
            return False, "it holds no image with ALL, so there is no sensitivity."
        is_shown = difference.low is not None and difference.low >= -margin
        passed = is_shown and comparison.groups_with_all >= needed
        text = f"sensitivity {_of_both(comparison, Measure.RECALL_ALL)}, difference {difference.as_points()}"
        if passed:
            return True, f"{text}; {100 * margin:g} points less are let pass."
        if difference.value < -margin:
            return False, f"{text}: it misses more than the {100 * margin:g} points that are let pass."
        return False, f"{text}: a loss of more than {100 * margin:g} points is not excluded. {_too_few(wanted, margin)}"

    return _compared(
        GateCheckName.SENSITIVITY,
        (order, outcome, figures),
        judge,
        advice="Lower its threshold, train it on more images with ALL, or import a larger locked test set. Or say in "
        "an override why it shall come into service all the same.",
    )


def promises_check(order: AssessmentOrder, outcome: AssessmentOutcome, figures: ComparisonFigures) -> GateCheck:
    """Better or equal, on the very same images, in each measure that was promised."""
    if not figures.promises:
        return check(GateCheckName.PROMISES, passed=True, text="Nothing was promised but the sensitivity.")

    def judge(_wanted: TestSetFigures, comparison: Comparison) -> _Verdict:
        found = {measure: comparison.differences[measure] for measure in figures.promises}
        kept = [_is_kept(difference, figures.margins.promise) for difference in found.values()]
        texts = [
            f"{_WORDS[measure]} {_of_both(comparison, measure)}, difference "
            f"{difference.as_points() if difference else 'not defined'}"
            for measure, difference in found.items()
        ]
        return all(kept), "; ".join(texts) + ("." if all(kept) else ": worse where better or equal was promised.")

    return _compared(
        GateCheckName.PROMISES,
        (order, outcome, figures),
        judge,
        advice="Assess it again with promises that it keeps, train it further, or say in an override why it shall come "
        "into service all the same.",
    )


def calibration_check(order: AssessmentOrder, outcome: AssessmentOutcome, figures: ComparisonFigures) -> GateCheck:
    """Neither the expected calibration error nor the Brier score is higher by more than its margin."""
    margins = figures.margins

    def judge(_wanted: TestSetFigures, comparison: Comparison) -> _Verdict:
        assert comparison.champion is not None  # noqa: S101 - `_compared` has seen to it
        ours = comparison.challenger.calibration.expected_error
        theirs = comparison.champion.calibration.expected_error
        brier = comparison.differences[Measure.BRIER]
        passed = ours - theirs <= margins.expected_error and (brier is None or brier.value <= margins.brier)
        text = (
            f"expected calibration error {ours:.3f} (in service {theirs:.3f}; {margins.expected_error:g} more is let "
            f"pass), Brier score {_of_both(comparison, Measure.BRIER, percent=False)} ({margins.brier:g} more)"
        )
        return passed, f"{text}{'.' if passed else ': its probabilities are further from what is so.'}"

    return _compared(
        GateCheckName.CALIBRATION,
        (order, outcome, figures),
        judge,
        advice="Give it a larger validation part, which its temperature is fitted on, and train it again.",
    )


def _compared(
    name: GateCheckName,
    found: tuple[AssessmentOrder, AssessmentOutcome, ComparisonFigures],
    judge: Callable[[TestSetFigures, Comparison], _Verdict],
    *,
    advice: str,
) -> GateCheck:
    """One check over all test sets: each is judged by itself, and all must pass."""
    order, outcome, figures = found
    if not figures.test_sets:
        return not_looked_at(name, "there is no locked test set to measure on.")
    if order.champion is None:
        return check(name, passed=True, text="No model is in service there, so there is nothing to compare with.")
    verdicts = [
        (wanted, judge(wanted, wanted.comparison))
        for wanted in figures.test_sets
        if wanted.comparison.champion is not None
    ]
    if len(verdicts) < len(figures.test_sets):
        return missing(name, outcome)
    text = " ".join(f"{wanted.name} {wanted.number}: {sentence}" for wanted, (_, sentence) in verdicts)
    return check(name, passed=all(passed for _, (passed, _) in verdicts), text=text, advice=advice)


def _is_kept(difference: Estimate | None, margin: float) -> bool:
    return difference is not None and difference.value >= -margin - 1e-9  # sums in another order


def _of_both(comparison: Comparison, measure: Measure, *, percent: bool = True) -> str:
    assert comparison.champion is not None  # noqa: S101 - as above
    values = [model.figures.value(measure) for model in (comparison.challenger, comparison.champion)]
    ours, theirs = (
        "not defined" if value is None else f"{100 * value:.1f} %" if percent else f"{value:.3f}" for value in values
    )
    return f"{ours} (in service {theirs})"


def _too_few(wanted: TestSetFigures, margin: float) -> str:
    """That a set is too small to show it, where even equal answers would not."""
    needed = groups_to_show(margin)
    with_all = wanted.comparison.groups_with_all
    if with_all >= needed:
        return ""
    return (
        f"The set holds {with_all} groups (patients, smears) with ALL; to exclude it takes {needed}, even where both "
        "models call all alike."
    )
