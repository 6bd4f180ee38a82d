"""From finished runs to the report."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from cloud_service.ml.evaluation.baseline import colour_warning
from cloud_service.ml.evaluation.confusion import confusion_of
from cloud_service.ml.evaluation.intervals import warnings_about_groups
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.experiments.folder import ExperimentSettings
from cloud_service.ml.experiments.plan import Arm, Comparison, Experiment, Table
from cloud_service.ml.experiments.record import RunRecord
from cloud_service.ml.experiments.report import (
    ArmReport,
    ComparisonReport,
    Report,
    RunReport,
    TableReport,
)
from cloud_service.ml.experiments.statistics import POINT, mean_differences, mean_figures, pooled
from cloud_service.ml.experiments.wording import (
    cautions_of,
    differences_from_the_paper,
    few_in_single_runs,
    title_of,
    verdict,
    ways_of_measuring,
)

Records = Mapping[Arm, Sequence[RunRecord]]
"""The runs of each arm, in their order."""


def assemble(settings: ExperimentSettings, records: Records, *, command: str, machine: str) -> Report:
    """The report of an experiment all of whose runs are finished.

    Args:
        settings: of the experiment.
        records: of every arm of the plan.
        command: that makes the experiment again.
        machine: what it ran on, in words.
    """
    plan = settings.plan
    arms = tuple(_arm_report(arm, records[arm]) for arm in plan.arms)
    versions = {tuple(sorted(run.software.items())): run.software for runs in records.values() for run in runs}
    word: Literal["run", "fold"] = "fold" if plan.is_cross_validation else "run"
    return Report(
        experiment=plan.experiment,
        title=title_of(plan.experiment),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        quick=settings.quick,
        runs=plan.runs,
        run_word=word,
        data=settings.data,
        cautions=cautions_of(settings, arms, _about_groups(records, word), versions=len(versions)),
        measuring=ways_of_measuring(settings),
        differences=differences_from_the_paper(settings) if plan.experiment is not Experiment.FOLDS else (),
        tables=tuple(_table_report(table, records) for table in plan.tables),
        arms=arms,
        recipes=settings.recipes,
        software=tuple(versions.values()),
        machine=machine,
    )


def _about_groups(records: Records, word: str) -> tuple[str, ...]:
    """What a reader must know of few groups: of all runs together, and of single ones."""
    # The arms of one data set test on the same images.
    tested = {arm.data.title: [run.network_answers for run in made] for arm, made in records.items()}
    together = [
        line if len(tested) == 1 else f"{title}: {line}"
        for title, runs in tested.items()
        for line in warnings_about_groups(pooled(runs))
    ]
    if together or not any(warnings_about_groups(run) for runs in tested.values() for run in runs):
        return tuple(together)
    return (few_in_single_runs(word),)


def _arm_report(arm: Arm, records: Sequence[RunRecord]) -> ArmReport:
    network, colours = [run.network_answers for run in records], [run.colour_answers for run in records]
    over_colours = mean_differences(network, colours)[Measure.BALANCED_ACCURACY]
    return ArmReport(
        arm=arm,
        runs=tuple(_run_report(run) for run in records),
        mean=mean_figures(network),
        colours=mean_figures(colours),
        over_colours=over_colours,
        colour_warning=colour_warning(over_colours),
        leaks=tuple(dict.fromkeys(leak for run in records for leak in run.leaks)),
    )


def _run_report(record: RunRecord) -> RunReport:
    network, colours = record.network_answers, record.colour_answers
    over_colours = mean_differences([network], [colours])[Measure.BALANCED_ACCURACY]
    late = [epoch.validation_accuracy for epoch in record.history[len(record.history) // 2 :]]
    return RunReport(
        run=record.run,
        seed=record.recipe.training.seed,
        splits=record.splits,
        sizes=record.sizes,
        epochs=len(record.history),
        chosen_epoch=record.chosen_epoch,
        swing=(min(late), max(late)),
        figures=mean_figures([network]),
        colours=mean_figures([colours]),
        over_colours=over_colours,
        colour_warning=colour_warning(over_colours),
        confusion=confusion_of(network, POINT),
        seconds=record.seconds,
    )


def _table_report(table: Table, records: Records) -> TableReport:
    return TableReport(
        key=table.key,
        title=table.title,
        rows=table.rows,
        comparisons=tuple(_comparison_report(comparison, records) for comparison in table.comparisons),
    )


def _comparison_report(comparison: Comparison, records: Records) -> ComparisonReport:
    first, second = ([run.network_answers for run in records[arm]] for arm in (comparison.first, comparison.second))
    differences = mean_differences(first, second)
    by_run = tuple(
        found.value if (found := mean_differences([one], [other])[Measure.ACCURACY]) is not None else None
        for one, other in zip(first, second, strict=True)
    )
    return ComparisonReport(
        comparison=comparison,
        differences=differences,
        accuracy_by_run=by_run,
        verdict=verdict(comparison, differences[Measure.ACCURACY], by_run),
    )
