"""A whole experiment: from folders of images to a report."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud_service.ml.datasets.pixels import load_pixels
from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.experiments.assembling import assemble
from cloud_service.ml.experiments.divisions import Divisions, divide_for_runs
from cloud_service.ml.experiments.drawing import SAMPLES_NAME, draw_figures
from cloud_service.ml.experiments.folder import ExperimentSettings, open_folder
from cloud_service.ml.experiments.material import ExperimentError, Material, names_of, read_material
from cloud_service.ml.experiments.plan import Experiment, plan_of
from cloud_service.ml.experiments.rendering import to_html, to_markdown
from cloud_service.ml.experiments.report import Report
from cloud_service.ml.experiments.running import (
    ExperimentListener,
    counts_as_in_the_paper,
    recipe_of,
    run_experiment,
)
from cloud_service.ml.experiments.samples import Pixels, draw_augmented
from cloud_service.ml.training.settings import Recipe

QUICK_IMAGES: Final = 100  # of all data sets together
QUICK_EPOCHS: Final = 16
"""Fewer leave BatchNorm's statistics, a running mean over the steps, near where they began."""

_SAMPLES_OF_A_LABEL: Final = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for."""

    experiment: Experiment
    datasets: tuple[tuple[Path, Layout | None], ...]  # one or two; a layout of None is recognised
    recipes: dict[str, Recipe]  # by name; the tables use the first alone
    runs: int  # shuffles, or folds
    command: str  # as it was typed
    quick: bool = False
    offline: bool = False
    leaks_allowed: bool = False


def make_experiment(asked: Asked, out: Path, listener: ExperimentListener | None = None) -> Report:
    """Makes an experiment, or what is missing of it, and writes its report.

    Leaves in `out` what `folder` says. Called again after it was stopped, it goes on; after its end it writes the
    report anew.

    Args:
        asked: the experiment.
        out: a new folder, or that of the same experiment.
        listener: told of the progress.

    Raises:
        DatasetError: a data set cannot be used, has too few groups, or leaks between parts and that is not allowed.
        ExperimentError: `out` holds something else or cannot be written, or the settings contradict each other.
        EvaluationError: a network gives no number for an image of the test part.
        TrainingError: a loss is no longer a number, or the disk is full.
    """
    materials = read_material(asked.datasets, QUICK_IMAGES // len(asked.datasets) if asked.quick else None)
    settings = settings_of(asked, materials)
    folder = open_folder(out, settings)
    divisions = divide_for_runs(settings, materials, folder)
    records = run_experiment(settings, materials, divisions, folder, listener)
    report = assemble(settings, records, command=asked.command, machine=machine())
    figures = draw_figures(report, records)
    figures |= _augmented_samples(settings, divisions)
    for name, content in figures.items():
        folder.write(out / "figures" / name, content)
    folder.write(out / "report.json", report.model_dump_json(indent=1).encode() + b"\n")
    folder.write(out / "report.md", to_markdown(report, figures).encode())
    folder.write(out / "report.html", to_html(report, figures).encode())
    return report


def settings_of(asked: Asked, materials: Sequence[Material]) -> ExperimentSettings:
    """The settings of an experiment on data sets that were read.

    Raises:
        ExperimentError: the settings contradict each other.
    """
    least = 2 if asked.experiment is Experiment.FOLDS else 1
    if asked.runs < least:
        raise ExperimentError(
            f"The experiment {asked.experiment} needs {least} runs or more; {asked.runs} were asked for."
        )
    plan = plan_of(asked.experiment, names_of(materials), list(asked.recipes), asked.runs)
    settings = ExperimentSettings(
        plan=plan,
        data=tuple(material.record for material in materials),
        recipes={name: _quickened(recipe) if asked.quick else recipe for name, recipe in asked.recipes.items()},
        quick=asked.quick,
        offline=asked.offline,
        leaks_allowed=asked.leaks_allowed,
    )
    for name, recipe in settings.recipes.items():
        if recipe.network.backbone != "se-cnn":
            raise ExperimentError(
                f"Experiments are about the SE-CNN and the same network without its blocks; the recipe {name} has a "
                f"{recipe.network.backbone}. Name another recipe, or use `smearflow train` and `smearflow evaluate`."
            )
    # All but the seed, of which the first recipe's counts.
    divisions = {recipe.training.split_settings.model_copy(update={"seed": 0}) for recipe in settings.recipes.values()}
    if len(divisions) > 1:
        raise ExperimentError(
            "The recipes of an experiment share its splits, so that they can be compared by image, and these have "
            "different shares for validation or test. Give them the same validation_share, validation_from and "
            "test_share."
        )
    if asked.offline:
        for arm in plan.arms:
            counts_as_in_the_paper(arm)
    return settings


def machine() -> str:
    """The machine in words."""
    return f"{os.cpu_count()} processors, {platform.machine()}, {platform.system()} {platform.release()}"


def _quickened(recipe: Recipe) -> Recipe:
    training = recipe.training.model_copy(update={"epochs": min(recipe.training.epochs, QUICK_EPOCHS)})
    return recipe.model_copy(update={"training": training})


def _augmented_samples(settings: ExperimentSettings, divisions: Divisions) -> dict[str, bytes]:
    """The sheet of augmented samples, from the first arm that augments; nothing where none does."""
    arm = next((arm for arm in settings.plan.arms if arm.augmented), None)
    if arm is None:
        return {}
    recipe = recipe_of(arm, 1, settings)
    training = divisions[arm.data.key, 1].split.training
    rows: dict[str, Pixels] = {}
    for label, name in ((True, "ALL"), (False, "not ALL")):
        samples = [sample for sample in training if sample.is_all is label][:_SAMPLES_OF_A_LABEL]
        images = load_pixels(samples, recipe.preprocess)
        rows |= {f"{name} {number}": image for number, image in enumerate(images, start=1)}
    return {SAMPLES_NAME: draw_augmented(rows, recipe.training.augmentation_settings, seed=recipe.training.seed)}
