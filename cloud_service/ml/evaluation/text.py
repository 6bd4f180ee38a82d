"""An evaluation as a person reads it: Markdown that is as readable in a terminal."""

from collections.abc import Iterator
from typing import Final

from cloud_service.ml.evaluation.conformal import Coverage
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.held_out import ColourComparison
from cloud_service.ml.evaluation.measures import UNBOUNDED, Measure
from cloud_service.ml.evaluation.part import Part
from cloud_service.ml.evaluation.report import Assessment, Evaluation

_NAMES: Final = {
    Measure.ACCURACY: "accuracy",
    Measure.BALANCED_ACCURACY: "balanced accuracy",
    Measure.PRECISION_ALL: "precision, ALL",
    Measure.RECALL_ALL: "recall, ALL (sensitivity)",
    Measure.F1_ALL: "F1, ALL",
    Measure.PRECISION_NOT_ALL: "precision, not ALL",
    Measure.RECALL_NOT_ALL: "recall, not ALL (specificity)",
    Measure.F1_NOT_ALL: "F1, not ALL",
    Measure.ROC_AUC: "area under ROC",
    Measure.SENSITIVITY_AT_SPECIFICITY: "sensitivity at {specificity:.0%} specificity",
    Measure.SPECIFICITY_AT_SENSITIVITY: "specificity at {sensitivity:.0%} sensitivity",
    Measure.LOSS: "loss (cross-entropy)",
    Measure.BRIER: "Brier score",
}


def evaluation_text(evaluation: Evaluation) -> str:
    """What stands first is what limits the figures below it."""
    found = evaluation.assessment
    where = "the whole data set" if evaluation.part is Part.ALL else f"the {evaluation.part} part"
    lines = [
        f"# {evaluation.model_name} {evaluation.model_version} on {where} of {evaluation.data}",
        "",
        evaluation.research_use,
        "",
        *(f"- **Warning.** {warning}" for warning in found.warnings),
        "",
        *_table(found),
        "",
        f"Intervals: {evaluation.intervals}",
        "",
        *(f"- {line}" for line in _remarks(found)),
        f"- Model digest {evaluation.model_digest}",
        f"- Data digest {evaluation.data_digest}; split digest {evaluation.split_digest or 'none'}",
    ]
    return "\n".join(lines)


def measure_name(measure: Measure, *, specificity: float = 0.95, sensitivity: float = 0.95) -> str:
    """What a measure is called in a table."""
    return _NAMES[measure].format(specificity=specificity, sensitivity=sensitivity)


def shown(measure: Measure, estimate: Estimate | None) -> str:
    """A figure with its interval, in percent where it is a share; a dash where it is not defined."""
    if estimate is None:
        return "-"
    return estimate.as_number() if measure in UNBOUNDED else estimate.as_percent()


def _table(found: Assessment) -> Iterator[str]:
    columns = (found.figures, *found.by_kind)
    yield f"| at a threshold of {found.point.threshold:.4f} | {' | '.join(part.title for part in columns)} |"
    yield "|---" * (1 + len(columns)) + "|"
    for measure in Measure:
        name = measure_name(
            measure, specificity=found.point.fixed_specificity, sensitivity=found.point.fixed_sensitivity
        )
        yield f"| {name} | {' | '.join(shown(measure, part.measures.get(measure)) for part in columns)} |"


def _remarks(found: Assessment) -> Iterator[str]:
    """What the table does not hold, a line each."""
    counts = found.confusion
    yield (
        f"Of {counts.hits + counts.misses} images with ALL {counts.hits} were called suspicious; of "
        f"{counts.alarms + counts.passes} without, {counts.alarms}."
    )
    if found.colours is not None:
        yield _colours(found.colours)
    yield (
        f"Calibration: expected error {found.calibration.expected_error:.3f} at the temperature of "
        f"{found.point.temperature:.3f}, {found.calibration_without_temperature.expected_error:.3f} without it."
    )
    if found.coverage is not None:
        yield from _abstaining(found.coverage)
    if found.flags is not None:
        probes = ", ".join(f"{name} {rate.as_percent()}" for name, rate in found.flags.probes.items())
        these = found.flags.in_distribution.as_percent()
        yield f"Flagged as unlike the training images: {these} of these images; {probes}."


def _colours(colours: ColourComparison) -> str:
    difference = "-" if colours.difference is None else colours.difference.as_points()
    return (
        f"Colours alone (a random forest on colour statistics, trained on {colours.trained_on}): balanced accuracy "
        f"{shown(Measure.BALANCED_ACCURACY, colours.balanced_accuracy)}, area under ROC "
        f"{shown(Measure.ROC_AUC, colours.roc_auc)}; the network's balanced accuracy less the forest's, "
        f"paired: {difference}."
    )


def _abstaining(coverage: Coverage) -> Iterator[str]:
    yield (
        f"Abstaining: {coverage.answered.as_percent()} of images get an answer, {coverage.undecided:.1%} are "
        f"undecided, {coverage.like_neither:.1%} like neither; wrong answers "
        f"{coverage.wrong_answers.as_percent()} of all."
    )
    yield (
        f"Coverage, {coverage.promised:.0%} promised for each label: {coverage.coverage.as_percent()}; with ALL "
        f"{shown(Measure.RECALL_ALL, coverage.coverage_with_all)}, without "
        f"{shown(Measure.RECALL_NOT_ALL, coverage.coverage_without)}."
    )
