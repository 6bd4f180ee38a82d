"""From a trained network to a model package: measured, exported, written whole or not at all."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.attention import AttentionMap
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.assessing import Baseline, Served, assess
from cloud_service.ml.evaluation.baseline import colour_answers
from cloud_service.ml.evaluation.choices import Choices, choose
from cloud_service.ml.evaluation.report import Assessment
from cloud_service.ml.evaluation.threshold import SENSITIVITY
from cloud_service.ml.evaluation.typical import Typical
from cloud_service.ml.export import attention_map_of, export_onnx, largest_difference, sample_pixels
from cloud_service.ml.model_card import (
    UNPROVEN_CLINICAL_MEANING,
    ModelCard,
    PackageFile,
    QuantisedFigures,
    TrainingRecord,
)
from cloud_service.ml.package import ModelPackage, write_package
from cloud_service.ml.quantisation import calibration_places, quantise, quantised_figures
from cloud_service.ml.training.prediction import predict_logits
from cloud_service.ml.training.records import LabelledPixels, Trained
from cloud_service.ml.training.settings import Recipe
from cloud_service.ml.weights import weights_of
from shared.identifiers import Sha256, sha256_of_bytes

_PARITY_IMAGES = 16
_SOFTWARE = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "pillow", "scikit-learn")


@dataclass(frozen=True, slots=True)
class CardTexts:
    """What a person says of a model; the card's other entries are measured."""

    data: str
    name: str = "se-cnn"
    version: str = "1"
    intended_use: str = "Research on screening blood-smear images for blast features."
    limits: tuple[str, ...] = (
        "Judges images like those that it was trained on; another stain, camera or magnification may mislead it.",
        "Says nothing about images that are no blood smears; how often its flag notices them is stated (flag_rates).",
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


@dataclass(frozen=True, slots=True)
class _OnnxFacts:
    """What the card says of the ONNX files."""

    difference: float  # from torch, as `largest_difference` gives it
    attention: AttentionMap
    quantised: QuantisedFigures


def write_trained_package(
    directory: Path,
    *,
    trained: Trained,
    data: DividedData,
    recipe: Recipe,
    texts: CardTexts,
    sensitivity: float = SENSITIVITY,
) -> ModelPackage:
    """Measures a trained network on the test part, exports it and writes its package to the new folder `directory`.

    Temperature, threshold, abstain band and flag come from the validation part alone.

    Args:
        directory: must not exist yet, its parent must.
        trained: the network and its chosen epoch.
        data: what it was trained on, chosen by and held out from.
        recipe: what it was trained by.
        texts: for the card.
        sensitivity: that the threshold is to reach on the validation part, in (0, 1].

    Raises:
        EvaluationError: the validation part holds one label only, or the network gives something that is no number.
        ExportError: torch and ONNX Runtime disagree on the network.
        ModelPackageError: `directory` exists already or cannot be written; nothing is left of it then.
    """
    network = DeployedNetwork(trained.network, recipe.preprocess)
    typical = Typical.of(data.training.pixels.numpy())
    choices = choose(
        Answers.of_samples(data.split.validation, predict_logits(network, data.validation.pixels).numpy()),
        typical.scores(data.validation.pixels.numpy()),
        sensitivity=sensitivity,
    )
    onnx_file = export_onnx(network, recipe.preprocess.size)
    files = {
        PackageFile.ONNX: onnx_file,
        PackageFile.QUANTISED: quantise(onnx_file, _calibration_pixels(data)),
        PackageFile.WEIGHTS: weights_of(trained.network),
        PackageFile.STATISTICS: typical.to_bytes(),
    }
    card = _card(
        files={name: sha256_of_bytes(content) for name, content in files.items()},
        recipe=recipe,
        choices=choices,
        training=_training_record(trained, data, recipe, texts),
        assessment=_assess(network, data, choices, typical),
        onnx=_onnx_facts(network, files, data, choices),
        texts=texts,
    )
    return write_package(directory, card, files)


def _calibration_pixels(data: DividedData) -> NDArray[np.uint8]:
    return data.training.pixels[calibration_places(len(data.training.pixels))].numpy()


def _onnx_facts(
    network: DeployedNetwork, files: dict[PackageFile, bytes], data: DividedData, choices: Choices
) -> _OnnxFacts:
    onnx_file, quantised = files[PackageFile.ONNX], files[PackageFile.QUANTISED]
    pixels, labels = data.test.pixels.numpy(), data.test.labels.numpy()
    images = np.concatenate([sample_pixels(pixels.shape[1]), pixels[:_PARITY_IMAGES]])
    calibrated_on = len(calibration_places(len(data.training.pixels)))
    return _OnnxFacts(
        difference=largest_difference(network, onnx_file, images),
        attention=attention_map_of(network, pixels.shape[1]),
        quantised=quantised_figures(onnx_file, quantised, pixels, labels, choices.point, calibrated_on=calibrated_on),
    )


def _card(
    *,
    files: dict[PackageFile, Sha256],
    recipe: Recipe,
    choices: Choices,
    training: TrainingRecord,
    assessment: Assessment,
    onnx: _OnnxFacts,
    texts: CardTexts,
) -> ModelCard:
    return ModelCard(
        name=texts.name,
        version=texts.version,
        files=files,
        network=recipe.network,
        preprocess=recipe.preprocess,
        temperature=choices.temperature,
        threshold=choices.threshold.probability,
        threshold_choice=choices.threshold,
        abstain_band=choices.abstain_band,
        out_of_distribution=choices.flags,
        attention=onnx.attention,
        training=training,
        held_out=(assessment.figures, *assessment.by_kind),
        coverage=assessment.coverage,
        flag_rates=assessment.flags,
        colours=assessment.colours,
        shortcuts=assessment.warnings,
        onnx_difference=onnx.difference,
        quantised=onnx.quantised,
        intended_use=texts.intended_use,
        limits=texts.limits,
        clinical_meaning=texts.clinical_meaning,
    )


def _assess(network: DeployedNetwork, data: DividedData, choices: Choices, typical: Typical) -> Assessment:
    """The test part under what the validation part chose, beside a colour forest of the training part."""
    samples, pixels = data.split.test, data.test.pixels.numpy()
    colours = colour_answers(data.training.pixels.numpy(), data.training.labels.numpy(), pixels, samples)
    return assess(
        Answers.of_samples(samples, predict_logits(network, data.test.pixels).numpy()),
        samples=samples,
        pixels=pixels,
        served=Served(point=choices.point, band=choices.abstain_band, flags=choices.flags, typical=typical),
        baseline=Baseline(answers=colours, trained_on="the network's own training part"),
        warnings=data.known_shortcuts,
    )


def _training_record(trained: Trained, data: DividedData, recipe: Recipe, texts: CardTexts) -> TrainingRecord:
    return TrainingRecord(
        data=texts.data,
        data_digest=data.digest,
        split_digest=data.split_digest,
        images_trained_on=len(data.split.training),
        images_chosen_by=len(data.split.validation),
        settings=recipe.training.model_dump(mode="json"),
        chosen_epoch=trained.chosen.epoch,
        software={name: version(name) for name in _SOFTWARE},
    )
