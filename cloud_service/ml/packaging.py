"""From a trained network to a model package: measured, exported, written whole or not at all."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cloud_service.ml.datasets.split import Split
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
from cloud_service.ml.training.loop import LabelledPixels, Trained, predict_logits
from cloud_service.ml.training.settings import Recipe
from cloud_service.ml.weights import weights_of
from shared.identifiers import sha256_of_bytes

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
class DividedData:
    """A data set as a run sees it: which images are in which part, their pixels, and what is known against them."""

    digest: str  # of the whole data set (datasets.samples.dataset_digest)
    split: Split
    training: LabelledPixels  # in the order of split.training, and so on
    validation: LabelledPixels
    test: LabelledPixels
    split_digest: str | None = None  # of the saved split (datasets.split_file.split_digest); None: not saved
    known_shortcuts: tuple[str, ...] = ()  # leaks that were allowed and shortcuts that were found, in plain words


def write_trained_package(
    directory: Path, *, trained: Trained, data: DividedData, recipe: Recipe, texts: CardTexts
) -> ModelPackage:
    """Measures a trained network on the test part, exports it and writes its package to the new folder `directory`.

    Args:
        directory: must not exist yet, its parent must.
        trained: the network and its chosen epoch.
        data: what it was trained on, chosen by and held out from.
        recipe: what it was trained by.
        texts: for the card.

    Raises:
        ExportError: torch and ONNX Runtime disagree on the network.
        ModelPackageError: `directory` exists already.
        OSError: it cannot be written; nothing is left of it then.
    """
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


def _training_record(trained: Trained, data: DividedData, recipe: Recipe, texts: CardTexts) -> TrainingRecord:
    return TrainingRecord(
        data=texts.data,
        data_digest=data.digest,
        images_trained_on=len(data.split.training),
        images_chosen_by=len(data.split.validation),
        settings=recipe.training.model_dump(),
        chosen_epoch=trained.chosen.epoch,
        software={name: version(name) for name in _SOFTWARE},
    )


def _held_out(network: DeployedNetwork, data: DividedData) -> tuple[HeldOutMetrics, ...]:
    """The figures of the whole test part, then of each kind of image in it where there are several."""
    logits, labels = predict_logits(network, data.test.pixels).numpy(), data.test.labels.numpy()
    kinds = np.array([sample.kind for sample in data.split.test])
    names = sorted(set(kinds.tolist()))
    parts = [measure("all", logits, labels, threshold=_THRESHOLD)]
    if len(names) > 1:
        parts += [measure(name, logits[kinds == name], labels[kinds == name], threshold=_THRESHOLD) for name in names]
    return tuple(parts)
