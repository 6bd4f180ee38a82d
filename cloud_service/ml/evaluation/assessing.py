"""Putting an assessment together from a network's answers and the images themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.baseline import colour_warning
from cloud_service.ml.evaluation.calibration import calibration_of
from cloud_service.ml.evaluation.conformal import AbstainBand
from cloud_service.ml.evaluation.confusion import confusion_of
from cloud_service.ml.evaluation.coverage import coverage_of
from cloud_service.ml.evaluation.curves import RocCurve
from cloud_service.ml.evaluation.held_out import ALL_IMAGES, ColourComparison, FlagRates, HeldOutFigures
from cloud_service.ml.evaluation.intervals import (
    estimate_measures,
    estimate_share,
    paired_difference,
    warnings_about_groups,
)
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint, roc_curve
from cloud_service.ml.evaluation.out_of_distribution import OutOfDistributionCard
from cloud_service.ml.evaluation.probes import Probe, draw_probes, turn_hue
from cloud_service.ml.evaluation.report import Assessment
from cloud_service.ml.evaluation.typical import Pixels, Typical

PROBES: Final = 60
OTHER_HUE: Final = 120.0
_PROBE_SEED: Final = 20_261_124
_FOREST_POINT: Final = OperatingPoint()


@dataclass(frozen=True, slots=True)
class Served:
    """How a model turns logits into answers: what its card says."""

    point: OperatingPoint
    band: AbstainBand | None
    flags: OutOfDistributionCard | None
    typical: Typical | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A colour forest's answers on the same images, and what it was trained on."""

    answers: Answers
    trained_on: str


def assess(
    answers: Answers,
    *,
    samples: Sequence[Sample],
    pixels: Pixels,
    served: Served,
    baseline: Baseline | None,
    warnings: Sequence[str] = (),
) -> Assessment:
    """Measures a network on images.

    Args:
        answers: the network's, on N images.
        samples: the N images.
        pixels: (N, S, S, 3) uint8, the same images preprocessed.
        served: what was chosen on the validation part.
        baseline: what to compare with; None where there is nothing to train it on.
        warnings: what else a reader must know first.
    """
    point = served.point
    colours = None if baseline is None else compare_with_colours(answers, point, baseline)
    found = [*warnings, *warnings_about_groups(answers)]
    if served.band is not None and served.band.warning is not None:
        found.append(served.band.warning)
    if colours is None:
        found.append("No comparison with colours alone was possible, so nothing says that the network looks at cells.")
    elif colours.warning is not None:
        found.append(colours.warning)
    return Assessment(
        point=point,
        figures=figures_of(ALL_IMAGES, answers, point),
        by_kind=_by_kind(answers, samples, point),
        confusion=confusion_of(answers, point),
        roc=roc_of(answers),
        roc_of_colours=None if baseline is None else roc_of(baseline.answers),
        calibration=calibration_of(answers, point.temperature),
        calibration_without_temperature=calibration_of(answers, 1.0),
        coverage=None if served.band is None else coverage_of(served.band, answers, temperature=point.temperature),
        flags=_flag_rates(answers, pixels, served),
        colours=colours,
        warnings=tuple(found),
    )


def figures_of(part: str, answers: Answers, point: OperatingPoint) -> HeldOutFigures:
    """All measures of some images, with intervals."""
    return HeldOutFigures(
        part=part,
        images=len(answers.logits),
        images_with_all=int(answers.positive.sum()),
        groups=len(np.unique(answers.groups)),
        measures=estimate_measures(answers, point),
    )


def compare_with_colours(answers: Answers, point: OperatingPoint, baseline: Baseline) -> ColourComparison:
    """The network beside a colour forest on the same images; the forest's threshold is half of its trees."""
    measured = estimate_measures(baseline.answers, _FOREST_POINT)
    difference = paired_difference(answers, baseline.answers, Measure.BALANCED_ACCURACY, points=(point, _FOREST_POINT))
    return ColourComparison(
        trained_on=baseline.trained_on,
        balanced_accuracy=measured[Measure.BALANCED_ACCURACY],
        roc_auc=measured[Measure.ROC_AUC],
        difference=difference,
        warning=colour_warning(difference),
    )


def _by_kind(answers: Answers, samples: Sequence[Sample], point: OperatingPoint) -> tuple[HeldOutFigures, ...]:
    kinds = np.array([sample.kind for sample in samples])
    names = sorted(set(kinds.tolist()))
    if len(names) < 2:  # noqa: PLR2004 - one kind is all images
        return ()
    return tuple(figures_of(name, answers.where(kinds == name), point) for name in names)


def _flag_rates(answers: Answers, pixels: Pixels, served: Served) -> FlagRates | None:
    """False flags on the images, and flags on pictures that are none."""
    if served.flags is None or served.typical is None:
        return None
    threshold, typical, size = served.flags.threshold, served.typical, pixels.shape[1]
    each_by_itself = np.arange(PROBES).astype(np.str_)
    pictures = {
        probe: (draw_probes(probe, count=PROBES, size=size, seed=_PROBE_SEED), each_by_itself)
        for probe in (Probe.PHOTOGRAPH, Probe.BLANK, Probe.NOISE)
    }
    some = slice(None, None, max(1, len(pixels) // PROBES))
    pictures[Probe.OTHER_STAIN] = (turn_hue(pixels[some], OTHER_HUE), answers.groups[some])
    return FlagRates(
        in_distribution=estimate_share(typical.scores(pixels) > threshold, answers.groups),
        probes={
            probe.value: estimate_share(typical.scores(shown) > threshold, groups)
            for probe, (shown, groups) in pictures.items()
        },
    )


def roc_of(answers: Answers) -> RocCurve:
    """The ROC curve of some answers; empty where a label is missing, and with it the curve."""
    (false_rate,), (true_rate,) = roc_curve(answers)
    if not np.isfinite(false_rate[-1] + true_rate[-1]):
        return RocCurve(false_positive_rate=(), true_positive_rate=())
    return RocCurve(false_positive_rate=tuple(false_rate.tolist()), true_positive_rate=tuple(true_rate.tolist()))
