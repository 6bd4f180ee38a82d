"""A whole training run: from a folder of images to a model package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.datasets.split import split_by_group
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.packaging import CardTexts, DividedData, write_trained_package
from cloud_service.ml.training.loop import (
    EpochRecord,
    LabelledPixels,
    Trained,
    TrainingError,
    train,
)
from cloud_service.ml.training.settings import Recipe
from cloud_service.ml.weights import weights_of

PACKAGE_NAME = "model"
METRICS_NAME = "metrics.jsonl"
WEIGHTS_NAME = "trained.safetensors"


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a run tells how far it is."""

    on_images: Callable[[int], None] = lambda _count: None  # so many images are to be read
    on_image: Callable[[], None] = lambda: None  # one was read
    on_epoch: Callable[[EpochRecord], None] = lambda _record: None


def run_training(
    dataset: Path, out: Path, recipe: Recipe, texts: CardTexts, listener: Listener | None = None
) -> ModelPackage:
    """Trains on the data set in `dataset`, chooses the epoch, measures on the held-out part and exports.

    Leaves `out`/model (the package), `out`/metrics.jsonl (a line an epoch) and `out`/trained.safetensors (the weights).

    Args:
        dataset: a folder in a layout that `read_dataset` knows.
        out: made where it is missing; must hold no earlier run.
        recipe: network, preprocessing and training settings.
        texts: for the card.
        listener: told of the progress.

    Raises:
        DatasetError: the data set cannot be used.
        TrainingError: `out` holds an earlier run, or the loss is no longer a number.
        EvaluationError: the network gives something that is no number.
        ExportError: torch and ONNX Runtime disagree on the trained network.
    """
    if (out / PACKAGE_NAME).exists() or (out / METRICS_NAME).exists():
        raise TrainingError(f"{out} holds the results of an earlier run; name another folder with --out.")
    listener = listener or Listener()
    data = _load(dataset, recipe, listener)
    out.mkdir(parents=True, exist_ok=True)
    trained = _train(data, recipe, out, listener)
    return write_trained_package(out / PACKAGE_NAME, trained=trained, data=data, recipe=recipe, texts=texts)


def _load(dataset: Path, recipe: Recipe, listener: Listener) -> DividedData:
    settings = recipe.training
    samples = read_dataset(dataset)
    split = split_by_group(samples, validation=settings.validation_share, test=settings.test_share, seed=settings.seed)
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
    )


def _train(data: DividedData, recipe: Recipe, out: Path, listener: Listener) -> Trained:
    with (out / METRICS_NAME).open("x", encoding="utf-8") as metrics:

        def note(record: EpochRecord) -> None:
            metrics.write(record.model_dump_json() + "\n")
            metrics.flush()  # another process may follow the file
            listener.on_epoch(record)

        trained = train(data.training, data.validation, recipe, note)
    # Kept beside the package as well: what took hours must not be lost where the export is refused.
    (out / WEIGHTS_NAME).write_bytes(weights_of(trained.network))
    return trained
