"""The sentences of a report."""

from collections.abc import Iterator, Sequence
from typing import Final

from cloud_service.ml.datasets.split_settings import ValidationSource
from cloud_service.ml.evaluation.intervals import FEW_GROUPS, Estimate
from cloud_service.ml.experiments.folder import ExperimentSettings
from cloud_service.ml.experiments.paper import SIZES
from cloud_service.ml.experiments.plan import Comparison, Experiment
from cloud_service.ml.experiments.report import ArmReport
from cloud_service.ml.network.settings import NetworkSettings

_TITLES: Final = {
    Experiment.TABLE2: "Table 2 again: the SE-CNN, run by run",
    Experiment.TABLE5: "Table 5 again: the SE-CNN against the traditional CNN",
    Experiment.TABLE6: "Table 6 again: both networks without augmentation",
    Experiment.ALL: "Tables 2, 5 and 6 again: the SE-CNN and the traditional CNN",
    Experiment.FOLDS: "The SE-CNN and the traditional CNN, cross-validated",
}


def title_of(experiment: Experiment) -> str:
    """What the report is called."""
    return _TITLES[experiment]


def points(difference: Estimate | None) -> str:
    """As `Estimate.as_points`, also of a difference that there is not."""
    return "not defined" if difference is None else difference.as_points()


def verdict(comparison: Comparison, difference: Estimate | None, by_run: Sequence[float | None]) -> str:
    """What a paired difference of accuracies says, in plain words.

    Args:
        comparison: what is compared.
        difference: the first's accuracy less the second's.
        by_run: the same in each run.
    """
    first, second = comparison.first, comparison.second
    if first.network == second.network:
        better, worse = f"recipe {first.recipe}", f"recipe {second.recipe}"
    else:
        better, worse = f"the {first.network}", f"the {second.network}"
    runs = ", ".join("-" if found is None else f"{100 * found:+.1f}" for found in by_run)
    measured = f"accuracy {points(difference)} (95 % interval, paired by image; one by one {runs})"
    if difference is not None and difference.low is not None and difference.high is not None:
        if difference.low > 0:
            return f"With these seeds and on these images {better} is clearly better than {worse}: {measured}."
        if difference.high < 0:
            return f"With these seeds and on these images {better} is clearly worse than {worse}: {measured}."
    return f"There is no clear difference between {better} and {worse} on these images: {measured}."


def cautions_of(
    settings: ExperimentSettings, arms: Sequence[ArmReport], few_groups: Sequence[str], *, versions: int
) -> tuple[str, ...]:
    """What a reader must know before any figure."""
    lines = []
    if settings.quick:
        lines.append(_quick(settings))
    unbeaten = [found.arm.title for found in arms if found.colour_warning is not None]
    if unbeaten:
        lines.append(
            "The network does not clearly beat a random forest that sees nothing but colours, so its score is no "
            f"evidence that it looks at cells: {'; '.join(unbeaten)}."
        )
    leaks = dict.fromkeys(leak for found in arms for leak in found.leaks)
    lines += [f"The parts of a split know each other, which was allowed: {leak}" for leak in leaks]
    lines += few_groups
    if versions > 1:
        lines.append(
            "The runs were made with different versions of the software, all of which are listed at the end; begin "
            "anew in another folder to have them all alike."
        )
    return tuple(lines)


def few_in_single_runs(word: str) -> str:
    """Where all runs together test on enough groups and a single one does not."""
    return (
        f"A single {word} tests on fewer than {FEW_GROUPS} groups of a label, so its own intervals are rough hints; "
        f"those of the mean over all {word}s rest on more."
    )


def ways_of_measuring(settings: ExperimentSettings) -> tuple[str, ...]:
    """How the figures of any experiment are made, and what its intervals do not say."""
    word = "fold" if settings.plan.is_cross_validation else "run"
    return (
        (
            "The epoch is the one of the least loss on a validation part, which is taken from the training part"
            f"{_of_trained_groups(settings)}. The test part of a {word} has no say in anything."
        ),
        "An image is called ALL from a probability of 0.5 on; no threshold is fitted.",
        (
            "Intervals are of 95 %, by a bootstrap that draws whole groups, the same ones for all that is compared. "
            "Beside each score stands that of a random forest on colour statistics, trained and tested on the same "
            "images."
        ),
        (
            "An interval says how figures would move with other test images. That another seed would train another "
            f"network shows in how the {word}s differ, and in the swing from epoch to epoch."
        ),
    )


def _of_trained_groups(settings: ExperimentSettings) -> str:
    training = next(iter(settings.recipes.values())).training
    if training.validation_from is ValidationSource.GROUPS:
        return ""
    return " image by image: it holds images of groups that are trained on, so its own figures are too good"


def differences_from_the_paper(settings: ExperimentSettings) -> tuple[str, ...]:
    """What is done otherwise than in the paper, or where it had to be read."""
    recipe = next(iter(settings.recipes.values()))
    training = recipe.training
    return (
        (
            "A folder's layout and names cannot show that it holds ALL-IDB itself. The paper's figures stand beside "
            "ours for that case; procedural images in the same layout show that the software works, and nothing more."
        ),
        *_readings(recipe.network),
        (
            f"Of each data set {training.test_share:.0%} of the groups are held out for the test; the paper divides "
            f"80:20. Another {training.validation_share:.0%} are taken from the training part to choose the epoch by. "
            "The paper does not say at which epoch its figures were taken."
        ),
        (
            "Parts are divided by groups (patients, smears, near-duplicates) where the data set names any. ALL-IDB "
            "names none: each of its images is a group, and images of one patient may be in two parts."
        ),
        *_paper_sizes(settings),
        _augmentation(settings),
        "Precision, recall and F beside the paper's are means over the two classes; by class they stand further down.",
    )


def _paper_sizes(settings: ExperimentSettings) -> Iterator[str]:
    """Of the parts in the paper, for those data sets of which there are figures."""
    for data in dict.fromkeys(arm.data.paper for arm in settings.plan.arms):
        if data is not None:
            sizes = SIZES[data]
            yield (
                f"{data} in the paper ({sizes.source}), images without ALL + with ALL: {sizes.training.not_all} + "
                f"{sizes.training.with_all} to train on, copies included, and {sizes.test.not_all} + "
                f"{sizes.test.with_all} to test on; ours stand at the end."
            )


def _augmentation(settings: ExperimentSettings) -> str:
    if settings.offline:
        return (
            "The training part is enlarged once with varied copies to the class counts of the paper's Tables 1, 3 and "
            "4, as in the paper; it starts from fewer images, since some were taken for validation."
        )
    return (
        "Training images are varied anew in each epoch; the paper enlarges the training part once with varied copies "
        "(Tables 1, 3 and 4), which --offline does too."
    )


def _quick(settings: ExperimentSettings) -> str:
    used = " and ".join(f"{data.images} of {data.images_in_folder} images of {data.name}" for data in settings.data)
    epochs = ", ".join(f"{recipe.training.epochs}" for recipe in settings.recipes.values())
    return (
        f"A quick trial ({used}; {epochs} epochs a run): it shows that everything works, and its figures say nothing "
        "of how well the networks can do."
    )


def _readings(network: NetworkSettings) -> list[str]:
    if network.backbone != "se-cnn":
        return [f"The network is a {network.backbone}, not the paper's."]
    filters = ", ".join(str(count) for count in network.filters)
    return [
        (
            f"Pooling stride {network.pooling_stride}: the paper's text says 1, but the map sizes that it lists "
            "(222, 52, 26) follow from 2 alone."
        ),
        f"Filters {filters}: the paper's text says 32, 64 and 128, its map sizes 16, 32 and 64.",
        f"Reduction ratio {network.reduction} in the squeeze-and-excitation blocks, which the paper does not give.",
    ]


def arm_line(found: ArmReport) -> str:
    """One model in one line for a terminal."""
    accuracy, colours = found.mean["accuracy"], found.colours["accuracy"]
    balanced, colours_balanced = found.mean["balanced_accuracy"], found.colours["balanced_accuracy"]
    return (
        f"{found.arm.title}: accuracy {_share(accuracy)} (colours alone {_share(colours)}), balanced accuracy "
        f"{_share(balanced)} (colours alone {_share(colours_balanced)}), {points(found.over_colours)} over colours"
    )


def _share(estimate: Estimate | None) -> str:
    return "not defined" if estimate is None else estimate.as_percent()
