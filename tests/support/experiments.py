"""Finished runs of an experiment, made by hand."""

from collections.abc import Sequence

import numpy as np

from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.experiments.folder import ExperimentSettings
from cloud_service.ml.experiments.material import DataRecord
from cloud_service.ml.experiments.paper import ClassCounts
from cloud_service.ml.experiments.plan import Arm, Experiment, data_names, plan_of
from cloud_service.ml.experiments.record import PartSizes, RunRecord, TestAnswer, UsedSplit, software
from cloud_service.ml.training.loop import EpochRecord
from cloud_service.ml.training.settings import Recipe

DIGEST = "0123456789abcdef" * 4


def handmade_settings(
    experiment: Experiment = Experiment.ALL, runs: int = 3, *, quick: bool = False
) -> ExperimentSettings:
    """Of an experiment on 260 crops."""
    names = data_names([("ALL_IDB2", Layout.ALL_IDB2)])
    recipes = ["paper", "modern"] if experiment is Experiment.FOLDS else ["paper"]
    record = DataRecord(
        key="first",
        name="ALL_IDB2",
        layout=Layout.ALL_IDB2,
        digest=DIGEST,
        images=260,
        with_all=130,
        groups=260,
        images_in_folder=260,
    )
    return ExperimentSettings(
        plan=plan_of(experiment, names, recipes, runs),
        data=(record,),
        recipes={name: Recipe() for name in recipes},
        quick=quick,
        offline=False,
        leaks_allowed=False,
    )


def handmade_records(settings: ExperimentSettings) -> dict[Arm, list[RunRecord]]:
    """Runs whose networks are right more often than colours, the traditional CNN less so."""
    runs = range(1, settings.plan.runs + 1)
    return {arm: [handmade_record(arm, run) for run in runs] for arm in settings.plan.arms}


def handmade_record(arm: Arm, run: int, *, skill: float | None = None, colour_skill: float = 1.0) -> RunRecord:
    """One run with 52 images in its test part; `skill` is the distance between the classes' mean logits, in halves."""
    chance = np.random.default_rng(run)
    labels = np.arange(52) % 2 == 0
    skill = (2.0 if arm.squeeze_excitation else 1.3) if skill is None else skill
    logits, colours = (np.where(labels, 1.0, -1.0) * mean + chance.normal(size=52) for mean in (skill, colour_skill))
    return RunRecord(
        arm=arm,
        run=run,
        recipe=_recipe(run),
        splits=(UsedSplit(data="first", file=f"splits/run-{run}-first.json", split_digest=DIGEST, data_digest=DIGEST),),
        sizes=PartSizes(
            training=ClassCounts(not_all=84, with_all=85),
            validation=ClassCounts(not_all=20, with_all=19),
            test=ClassCounts(not_all=26, with_all=26),
        ),
        leaks=(),
        chosen_epoch=9,
        history=tuple(_epochs(chance.random(12).tolist())),
        test=tuple(
            TestAnswer(
                path=f"first/img/Im{run}{number:02d}_{int(label)}.tif",
                is_all=bool(label),
                group=f"img/Im{run}{number:02d}_{int(label)}.tif",
                kind="crop",
                logit=float(logit),
                colour_logit=float(colour),
            )
            for number, (label, logit, colour) in enumerate(zip(labels, logits, colours, strict=True))
        ),
        seconds=240.0 + run,
        software=software(),
    )


def _recipe(run: int) -> Recipe:
    recipe = Recipe()
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": run})})


def _epochs(noise: Sequence[float]) -> list[EpochRecord]:
    return [
        EpochRecord(
            epoch=epoch,
            training_loss=0.7 * 0.75**epoch,
            validation_loss=0.7 * 0.85**epoch + 0.2 * swing,
            validation_accuracy=1.0 - 0.4 * 0.8**epoch - 0.1 * swing,
            learning_rate=1e-3,
            images_per_second=40.0,
            seconds=20.0,
        )
        for epoch, swing in enumerate(noise, start=1)
    ]
