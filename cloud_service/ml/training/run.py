"""A whole training run: from a folder of images to a model package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.datasets.split import Split, split_by_group
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.export import export_onnx, largest_difference, sample_pixels
from cloud_service.ml.metrics import measure
from cloud_service.ml.model_card import (
    UNPROVEN_CLINICAL_MEANING,
    HeldOutMetrics,
    ModelCard,
    PackageFile,
    TrainingRecord,
)
from cloud_service.ml.package import ModelPackage, write_package
from cloud_service.ml.training.loop import (
    EpochRecord,
    LabelledPixels,
    Trained,
    TrainingError,
    predict_logits,
    train,
)
from cloud_service.ml.training.settings import Recipe
from cloud_service.ml.weights import weights_of
from shared.identifiers import sha256_of_bytes

PACKAGE_NAME = "model"
METRICS_NAME = "metrics.jsonl"
WEIGHTS_NAME = "trained.safetensors"
_THRESHOLD = 0.5
_PARITY_IMAGES = 16
_SOFTWARE = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class CardTexts:
    """What a person says of a model; the card's other entries are measured."""

    data: str
    name: str = "se-cnn"
    version: str = "1"
    intended_use: str = "Research on screening blood-smear images for blast features."
    limits: tuple[str, ...] = (
        "Judges images like those that it was trained on; another stain, camera or magnification may mislead it.",
        "Says nothing about images that are no blood smears, and does not notice them.",
    )
    clinical_meaning: str = UNPROVEN_CLINICAL_MEANING


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a run tells how far it is."""

    on_images: Callable[[int], None] = lambda _count: None  # so many images are to be read
    on_image: Callable[[], None] = lambda: None  # one was read
    on_epoch: Callable[[EpochRecord], None] = lambda _record: None


@dataclass(frozen=True, slots=True)
class _Data:
    """A data set, read and divided."""

    digest: str
    split: Split
    training: LabelledPixels
    validation: LabelledPixels
    test: LabelledPixels


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
        ExportError: torch and ONNX Runtime disagree on the trained network.
    """
    if (out / PACKAGE_NAME).exists() or (out / METRICS_NAME).exists():
        raise TrainingError(f"{out} holds the results of an earlier run; name another folder with --out.")
    listener = listener or Listener()
    data = _load(dataset, recipe, listener)
    out.mkdir(parents=True, exist_ok=True)
    trained = _train(data, recipe, out, listener)
    return _write(out / PACKAGE_NAME, trained, data, recipe, texts)


def _load(dataset: Path, recipe: Recipe, listener: Listener) -> _Data:
    settings = recipe.training
    samples = read_dataset(dataset)
    split = split_by_group(samples, validation=settings.validation_share, test=settings.test_share, seed=settings.seed)
    listener.on_images(len(samples))

    def labelled(part: Sequence[Sample]) -> LabelledPixels:
        pixels = load_pixels(part, recipe.preprocess, listener.on_image)
        return LabelledPixels(pixels=torch.from_numpy(pixels), labels=torch.from_numpy(labels_of(part)))

    return _Data(
        digest=dataset_digest(samples, dataset),
        split=split,
        training=labelled(split.training),
        validation=labelled(split.validation),
        test=labelled(split.test),
    )


def _train(data: _Data, recipe: Recipe, out: Path, listener: Listener) -> Trained:
    with (out / METRICS_NAME).open("x", encoding="utf-8") as metrics:

        def note(record: EpochRecord) -> None:
            metrics.write(record.model_dump_json() + "\n")
            metrics.flush()  # another process may follow the file
            listener.on_epoch(record)

        trained = train(data.training, data.validation, recipe, note)
    # Kept beside the package as well: what took hours must not be lost where the export is refused.
    (out / WEIGHTS_NAME).write_bytes(weights_of(trained.network))
    return trained


def _write(directory: Path, trained: Trained, data: _Data, recipe: Recipe, texts: CardTexts) -> ModelPackage:
    network = DeployedNetwork(trained.network, recipe.preprocess)
    size = recipe.preprocess.size
    onnx_file = export_onnx(network, size)
    images = np.concatenate([sample_pixels(size), data.test.pixels[:_PARITY_IMAGES].numpy()])
    files = {PackageFile.ONNX: onnx_file, PackageFile.WEIGHTS: weights_of(trained.network)}
    card = ModelCard(
        name=texts.name,
        version=texts.version,
        files={name: sha256_of_bytes(content) for name, content in files.items()},
        network=recipe.network,
        preprocess=recipe.preprocess,
        threshold=_THRESHOLD,
        training=_training_record(trained, data, recipe, texts),
        held_out=_held_out(network, data),
        onnx_difference=largest_difference(network, onnx_file, images),
        intended_use=texts.intended_use,
        limits=texts.limits,
        clinical_meaning=texts.clinical_meaning,
    )
    return write_package(directory, card, files)


def _training_record(trained: Trained, data: _Data, recipe: Recipe, texts: CardTexts) -> TrainingRecord:
    return TrainingRecord(
        data=texts.data,
        data_digest=data.digest,
        images_trained_on=len(data.split.training),
        images_chosen_by=len(data.split.validation),
        settings=recipe.training.model_dump(),
        chosen_epoch=trained.chosen.epoch,
        software={name: version(name) for name in _SOFTWARE},
    )


def _held_out(network: DeployedNetwork, data: _Data) -> tuple[HeldOutMetrics, ...]:
    """The figures of the whole test part, then of each kind of image in it where there are several."""
    logits, labels = predict_logits(network, data.test.pixels).numpy(), data.test.labels.numpy()
    kinds = np.array([sample.kind for sample in data.split.test])
    names = sorted(set(kinds.tolist()))
    parts = [measure("all", logits, labels, threshold=_THRESHOLD)]
    if len(names) > 1:
        parts += [measure(name, logits[kinds == name], labels[kinds == name], threshold=_THRESHOLD) for name in names]
    return tuple(parts)
