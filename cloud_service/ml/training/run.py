"""A whole training run: from a folder of images to a model package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cloud_service.ml.datasets.duplicates import require_no_leaks
from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import Layout, read_dataset
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.datasets.split import Split, divide
from cloud_service.ml.datasets.split_file import read_split_file, replay_split, save_split, split_digest
from cloud_service.ml.datasets.split_settings import SplitSettings
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.packaging import CardTexts, DividedData, write_trained_package
from cloud_service.ml.training.checkpoint import history_of
from cloud_service.ml.training.loop import EpochRecord, LabelledPixels, Step, Trained, TrainingError, train
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from cloud_service.ml.training.team import joined_team
from cloud_service.ml.weights import weights_of

PACKAGE_NAME = "model"
METRICS_NAME = "metrics.jsonl"
RECIPE_NAME = "recipe.json"
SPLIT_NAME = "split.json"
CHECKPOINT_NAME = "checkpoint.safetensors"
WEIGHTS_NAME = "trained.safetensors"

__all__ = ["CardTexts", "Listener", "RunOptions", "run_training"]


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a run tells how far it is."""

    on_images: Callable[[int], None] = lambda _count: None  # so many images are to be read
    on_image: Callable[[], None] = lambda: None  # one was read
    on_step: Callable[[Step], None] = lambda _step: None
    on_epoch: Callable[[EpochRecord], None] = lambda _record: None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a person decides about a run beside its recipe."""

    layout: Layout | None = None  # of the data set; None: recognised
    split_file: Path | None = None  # divides the data set; None: the recipe's shares and seed do
    allow_leaks: bool = False  # whether near-duplicates may lie in different parts, and be stated in the card
    resume: bool = False  # whether to go on with the run that stopped in the same folder


def run_training(
    dataset: Path,
    out: Path,
    recipe: Recipe,
    texts: CardTexts,
    listener: Listener | None = None,
    options: RunOptions | None = None,
) -> ModelPackage:
    """Trains on the data set in `dataset`, chooses the epoch, measures on the held-out part and exports.

    Leaves in `out`: model (the package), recipe.json, split.json, metrics.jsonl (a line an epoch, which another process
    may follow), checkpoint.safetensors (the run after its last epoch) and trained.safetensors (the chosen weights).
    Under torchrun the leading process alone writes and reports.

    Args:
        dataset: a folder in a layout that `read_dataset` knows.
        out: made where it is missing; must hold no earlier run, or the one to be resumed.
        recipe: network, preprocessing and training settings.
        texts: for the card.
        listener: told of the progress.
        options: what else may be decided.

    Raises:
        DatasetError: the data set or the split cannot be used, or parts share images and that is not allowed.
        TrainingError: `out` holds an earlier run, or another one than is to be resumed; the loss is no longer a number;
            the disk is full.
        ExportError: torch and ONNX Runtime disagree on the trained network.
    """
    listener, options = listener or Listener(), options or RunOptions()
    with joined_team(recipe.training.device) as team:
        _require_place(out, resume=options.resume)
        goes_on = (out / CHECKPOINT_NAME).exists()  # else it stopped before its first one, and begins again
        samples = read_dataset(dataset, options.layout)
        split, settings = _divided(samples, dataset, out, recipe.training, options)
        shortcuts = require_no_leaks(split, allowed=options.allow_leaks)
        data = _load(samples, split, dataset, recipe, listener, shortcuts)
        if team.leads and not goes_on:
            _write_beginnings(out, split, dataset, settings, recipe)
        team.wait()
        trained = _train(data, recipe, out, listener, resume=goes_on)
        if team.leads:
            # Kept beside the package as well: what took hours must not be lost where the export is refused.
            write_whole(out / WEIGHTS_NAME, weights_of(trained.network))
            write_trained_package(out / PACKAGE_NAME, trained=trained, data=data, recipe=recipe, texts=texts)
        team.wait()
        return load_package(out / PACKAGE_NAME)


def _require_place(out: Path, *, resume: bool) -> None:
    if (out / PACKAGE_NAME).exists():
        raise TrainingError(f"{out} holds the results of an earlier run; name another folder with --out.")
    if (out / CHECKPOINT_NAME).exists() or (out / METRICS_NAME).exists():
        if not resume:
            raise TrainingError(
                f"{out} holds an earlier run that did not end; go on with it with --resume, or name another folder "
                "with --out."
            )
    elif resume:
        raise TrainingError(f"{out} holds no run to go on with; leave --resume out to start one.")


def _divided(
    samples: Sequence[Sample], dataset: Path, out: Path, settings: TrainingSettings, options: RunOptions
) -> tuple[Split, SplitSettings]:
    """The split, and by what settings it was made; a run that goes on keeps its own."""
    file = out / SPLIT_NAME if options.resume else options.split_file
    if file is not None:
        return replay_split(file, samples, root=dataset), read_split_file(file).settings
    return divide(samples, settings.split_settings), settings.split_settings


def _load(
    samples: Sequence[Sample],
    split: Split,
    dataset: Path,
    recipe: Recipe,
    listener: Listener,
    shortcuts: tuple[str, ...],
) -> DividedData:
    listener.on_images(len(samples))

    def labelled(part: Sequence[Sample]) -> LabelledPixels:
        pixels = load_pixels(part, recipe.preprocess, listener.on_image)
        return LabelledPixels(pixels=torch.from_numpy(pixels), labels=torch.from_numpy(labels_of(part)))

    return DividedData(
        digest=dataset_digest(samples, dataset),
        split=split,
        training=labelled(split.training),
        validation=labelled(split.validation),
        test=labelled(split.test),
        split_digest=split_digest(split, dataset),
        known_shortcuts=shortcuts,
    )


def _write_beginnings(out: Path, split: Split, dataset: Path, settings: SplitSettings, recipe: Recipe) -> None:
    """The recipe and the split, before anything is trained."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / SPLIT_NAME).unlink(missing_ok=True)  # of a run that was stopped before its first step
    except OSError as error:
        raise TrainingError(f"{out} cannot be written to: {error.strerror}. Name another folder with --out.") from error
    write_whole(out / RECIPE_NAME, (recipe.model_dump_json(indent=2) + "\n").encode())
    save_split(split, root=dataset, settings=settings, file=out / SPLIT_NAME)


def _train(data: DividedData, recipe: Recipe, out: Path, listener: Listener, *, resume: bool) -> Trained:
    metrics, checkpoint = out / METRICS_NAME, out / CHECKPOINT_NAME
    # After a kill the file may lack an epoch that the checkpoint has, or end in half a line.
    before = history_of(checkpoint) if resume else ()

    def note(record: EpochRecord) -> None:
        try:
            with metrics.open("a", encoding="utf-8") as file:
                file.write(f"{record.model_dump_json()}\n")
        except OSError as error:
            raise TrainingError(
                f"{metrics} cannot be written: {error.strerror}. Once there is room, go on with --resume."
            ) from error
        listener.on_epoch(record)

    lines = "".join(f"{record.model_dump_json()}\n" for record in before)
    write_whole(metrics, lines.encode())
    return train(
        data.training,
        data.validation,
        recipe,
        note,
        checkpoint=checkpoint,
        resume=resume,
        on_step=listener.on_step,
    )
