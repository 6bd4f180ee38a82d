"""Running an experiment: every run of every arm that is not finished yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from cloud_service.ml.datasets.pixels import labels_of
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.baseline import colour_answers
from cloud_service.ml.experiments.divisions import Division, Divisions, name_below
from cloud_service.ml.experiments.folder import ExperimentFolder, ExperimentSettings
from cloud_service.ml.experiments.material import ExperimentError, Material
from cloud_service.ml.experiments.paper import SIZES, ClassCounts
from cloud_service.ml.experiments.pixels import PixelStore
from cloud_service.ml.experiments.plan import Arm
from cloud_service.ml.experiments.record import PartSizes, RunRecord, TestAnswer, counts_of, software
from cloud_service.ml.training.checkpoint import history_of
from cloud_service.ml.training.loop import EpochRecord, LabelledPixels, Trained, predict_logits, train
from cloud_service.ml.training.settings import AugmentationPreset, Recipe
from shared.imaging.preprocess import PreprocessSpec


@dataclass(frozen=True, slots=True)
class ExperimentListener:
    """Whom an experiment tells how far it is."""

    on_images: Callable[[int], None] = lambda _count: None  # so many images are to be read
    on_image: Callable[[], None] = lambda: None  # one was read
    on_run: Callable[[Arm, int, int | None], None] = lambda _arm, _run, _epochs: None  # begins; None: is there already
    on_epoch: Callable[[EpochRecord], None] = lambda _record: None


def run_experiment(
    settings: ExperimentSettings,
    materials: Sequence[Material],
    divisions: Divisions,
    folder: ExperimentFolder,
    listener: ExperimentListener | None = None,
) -> dict[Arm, list[RunRecord]]:
    """Trains and tests what is not finished in `folder`, and leaves a file for each run as it ends.

    Stopped at any moment, the same call goes on: finished runs are kept, and the one that was stopped goes on after its
    last whole epoch, with the same outcome as if it had not been stopped.

    Args:
        settings: of the experiment, those of `folder`.
        materials: its data sets.
        divisions: of all runs, by `divide_for_runs`.
        folder: made by `open_folder` with these settings.
        listener: told of the progress.

    Returns:
        all runs of each arm, in their order.

    Raises:
        DatasetError: an image cannot be read.
        TrainingError: a loss is no longer a number, or the disk is full.
        EvaluationError: a network gives no number for an image of the test part.
        ExperimentError: a file of the folder is not what it should be, or cannot be written.
    """
    listener = listener or ExperimentListener()
    workshop = _Workshop(settings, materials, folder, listener)
    records: dict[Arm, list[RunRecord]] = {arm: [] for arm in settings.plan.arms}
    for run in range(1, settings.plan.runs + 1):  # all arms of a run before the next: they share what they read
        for arm in settings.plan.arms:
            finished = folder.finished(arm, run)
            listener.on_run(arm, run, settings.recipes[arm.recipe].training.epochs if finished is None else None)
            if finished is None:
                finished = workshop.make(arm, run, divisions[arm.data.key, run])
                folder.finish(finished)
                folder.checkpoint(arm, run).unlink(missing_ok=True)
            records[arm].append(finished)
    return records


def recipe_of(arm: Arm, run: int, settings: ExperimentSettings) -> Recipe:
    """The recipe that one run of an arm is trained by."""
    recipe = settings.recipes[arm.recipe]
    changes: dict[str, object] = {"seed": recipe.training.seed + run - 1}
    if not arm.augmented:
        changes |= {"augmentation": AugmentationPreset.NONE, "offline_not_all": 0, "offline_all": 0}
    elif settings.offline:
        counts = counts_as_in_the_paper(arm)
        changes |= {"offline_not_all": counts.not_all, "offline_all": counts.with_all}
    network = recipe.network.model_copy(update={"squeeze_excitation": arm.squeeze_excitation})
    return recipe.model_copy(update={"network": network, "training": recipe.training.model_copy(update=changes)})


def counts_as_in_the_paper(arm: Arm) -> ClassCounts:
    """How many images of each label the paper trains on after augmentation, by its Tables 1, 3 and 4.

    Raises:
        ExperimentError: the paper has no such data.
    """
    if arm.data.paper is None:
        raise ExperimentError(
            f"The paper gives no class counts for {arm.data.title}: it is neither ALL-IDB1 nor ALL-IDB2. Leave "
            "--offline out, or give a recipe with offline_not_all and offline_all."
        )
    return SIZES[arm.data.paper].training


class _Workshop:
    """Makes runs, and keeps what several of them need."""

    def __init__(
        self,
        settings: ExperimentSettings,
        materials: Sequence[Material],
        folder: ExperimentFolder,
        listener: ExperimentListener,
    ) -> None:
        self._settings, self._materials, self._folder, self._listener = settings, materials, folder, listener
        self._pixels = PixelStore(materials, listener.on_images, listener.on_image)
        self._colours: dict[tuple[str, int, str], Answers] = {}

    def make(self, arm: Arm, run: int, division: Division) -> RunRecord:
        """Trains and tests one run."""
        recipe, split = recipe_of(arm, run, self._settings), division.split
        trained = self._train(arm, run, recipe, division)
        network = DeployedNetwork(trained.network, recipe.preprocess)
        pixels = torch.from_numpy(self._pixels.of(split.test, recipe.preprocess))
        answers = Answers.of_samples(split.test, predict_logits(network, pixels).numpy())
        colours = self._colours_of(arm, run, division, recipe.preprocess)
        return RunRecord(
            arm=arm,
            run=run,
            recipe=recipe,
            splits=division.used,
            sizes=PartSizes(
                training=counts_of(split.training),
                validation=counts_of(split.validation),
                test=counts_of(split.test),
            ),
            leaks=division.leaks,
            chosen_epoch=trained.chosen.epoch,
            history=trained.history,
            test=tuple(
                self._answer(arm, sample, float(logit), float(colour))
                for sample, logit, colour in zip(split.test, answers.logits, colours.logits, strict=True)
            ),
            seconds=sum(epoch.seconds for epoch in trained.history),
            software=software(),
        )

    def _train(self, arm: Arm, run: int, recipe: Recipe, division: Division) -> Trained:
        checkpoint, file = self._folder.checkpoint(arm, run), self._folder.history_file(arm, run)
        resume = checkpoint.is_file()
        lines = [record.model_dump_json() for record in (history_of(checkpoint) if resume else ())]

        def note(record: EpochRecord) -> None:
            lines.append(record.model_dump_json())
            self._folder.write(file, "".join(f"{line}\n" for line in lines).encode())
            self._listener.on_epoch(record)

        self._folder.write(file, "".join(f"{line}\n" for line in lines).encode())
        training, validation = (
            self._labelled(part, recipe.preprocess) for part in (division.split.training, division.split.validation)
        )
        return train(training, validation, recipe, note, checkpoint=checkpoint, resume=resume)

    def _labelled(self, part: Sequence[Sample], spec: PreprocessSpec) -> LabelledPixels:
        pixels = torch.from_numpy(self._pixels.of(part, spec))
        return LabelledPixels(pixels=pixels, labels=torch.from_numpy(labels_of(part)))

    def _colours_of(self, arm: Arm, run: int, division: Division, spec: PreprocessSpec) -> Answers:
        """What colours alone say of the test part; the arms of a run that see the same pixels share it."""
        name = (arm.data.key, run, spec.model_dump_json())
        if name not in self._colours:
            training, test = division.split.training, division.split.test
            self._colours[name] = colour_answers(
                self._pixels.of(training, spec), labels_of(training), self._pixels.of(test, spec), test, seed=run
            )
        return self._colours[name]

    def _answer(self, arm: Arm, sample: Sample, logit: float, colour_logit: float) -> TestAnswer:
        return TestAnswer(
            path=name_below(arm.data, self._materials, sample.path),
            is_all=sample.is_all,
            group=sample.group,
            kind=sample.kind,
            logit=logit,
            colour_logit=colour_logit,
        )
