"""The figures of a report, as the paper's Figures 7 to 10."""

from collections.abc import Mapping, Sequence
from typing import Final

from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.measures import Measure, roc_curve
from cloud_service.ml.experiments.assembling import Records
from cloud_service.ml.experiments.record import RunRecord
from cloud_service.ml.experiments.report import ArmReport, Report
from cloud_service.ml.experiments.statistics import Figures
from cloud_service.ml.figures.confusion import draw_confusion
from cloud_service.ml.figures.curves import Curves, draw_curves
from cloud_service.ml.figures.roc import RocLine, draw_roc

SAMPLES_NAME: Final = "augmented-samples.png"


def draw_figures(report: Report, records: Records) -> dict[str, bytes]:
    """Confusion matrices (Figure 8), curves (9) and ROC (10) of each arm by file name, as SVG."""
    drawn: dict[str, bytes] = {}
    for found in report.arms:
        runs, key = records[found.arm], found.arm.key
        titles = [f"{report.run_word.capitalize()} {run.run}" for run in runs]
        drawn[f"{key}-confusion.svg"] = draw_confusion(
            {title: run.confusion for title, run in zip(titles, found.runs, strict=True)}
        )
        drawn[f"{key}-curves.svg"] = draw_curves({title: _curves(run) for title, run in zip(titles, runs, strict=True)})
        drawn[f"{key}-roc.svg"] = draw_roc(_roc_panels(titles, runs, found))
    return drawn


def _curves(run: RunRecord) -> Curves:
    return Curves(
        training_loss=[epoch.training_loss for epoch in run.history],
        validation_loss=[epoch.validation_loss for epoch in run.history],
        validation_accuracy=[epoch.validation_accuracy for epoch in run.history],
        chosen_epoch=run.chosen_epoch,
    )


def _roc_panels(titles: Sequence[str], runs: Sequence[RunRecord], found: ArmReport) -> Mapping[str, Sequence[RocLine]]:
    panels: dict[str, list[RocLine]] = {}
    for title, record, run in zip(titles, runs, found.runs, strict=True):
        panels[title] = [
            _roc_line("network", record.network_answers, run.figures),
            _roc_line("colours", record.colour_answers, run.colours, is_reference=True),
        ]
    return panels


def _roc_line(name: str, answers: Answers, figures: Figures, *, is_reference: bool = False) -> RocLine:
    false_rates, true_rates = roc_curve(answers)
    area = figures[Measure.ROC_AUC]
    return RocLine(
        label=name if area is None else f"{name}, area {area.value:.3f}",
        false_rates=false_rates[0].tolist(),
        true_rates=true_rates[0].tolist(),
        is_reference=is_reference,
    )
