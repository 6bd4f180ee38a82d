"""Measuring a model package on a data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import Layout, read_dataset
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.datasets.split_file import replay_split, split_digest
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.answers import Answers, EvaluationError
from cloud_service.ml.evaluation.assessing import Baseline, Served, assess
from cloud_service.ml.evaluation.baseline import colour_answers, cross_validated_colour_answers
from cloud_service.ml.evaluation.part import Part
from cloud_service.ml.evaluation.report import Evaluation
from cloud_service.ml.evaluation.typical import Pixels, Typical
from cloud_service.ml.model_card import ModelCard, PackageFile
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.training.prediction import predict_logits
from cloud_service.ml.weights import network_of


@dataclass(frozen=True, slots=True)
class _Measured:
    """A data set, and the part of it that is measured."""

    root: Path
    digest: str
    part: Part
    samples: Sequence[Sample]
    split: Split | None

    @property
    def split_digest(self) -> str | None:
        return None if self.split is None else split_digest(self.split, self.root)

    @property
    def forest_part(self) -> Sequence[Sample]:
        """What a colour forest may be trained on: the training part, unless it is among what is measured."""
        return () if self.split is None or self.part in (Part.TRAINING, Part.ALL) else self.split.training


def evaluate(
    package: ModelPackage,
    dataset: Path,
    *,
    layout: Layout | None = None,
    split_file: Path | None = None,
    part: Part | None = None,
    on_images: Callable[[int], None] = lambda _count: None,
    on_image: Callable[[], None] = lambda: None,
) -> Evaluation:
    """A model's figures on a data set or on one part of it.

    Nothing is chosen here: temperature, threshold, abstain band and flag are those of the model's card. The colour
    forest is trained on the split's training part; where that is missing or measured itself, it is cross-validated.

    Args:
        package: the model.
        dataset: a folder in a layout that `read_dataset` knows.
        layout: which, if not to be recognised.
        split_file: how the data set is divided; without it, all of it is measured.
        part: of the split; by default its test part.
        on_images: told how many images are to be read.
        on_image: called after each.

    Raises:
        DatasetError: the data set or the split file cannot be used.
        EvaluationError: the images would be those that the model was trained on, or `part` asks for a split.
        ModelPackageError: a file of the package is not the one that its card names.
    """
    card = package.card
    measured = _measured(card, dataset, layout, split_file, part)
    on_images(len(measured.samples) + len(measured.forest_part))
    pixels = load_pixels(measured.samples, card.preprocess, on_image)
    return Evaluation(
        model_name=card.name,
        model_version=card.version,
        model_digest=package.digest,
        data=dataset.resolve().name,
        data_digest=measured.digest,
        split_digest=measured.split_digest,
        part=measured.part,
        assessment=assess(
            _answers(package, measured.samples, pixels),
            samples=measured.samples,
            pixels=pixels,
            served=served(package),
            baseline=_baseline(measured, pixels, card, on_image),
            warnings=_warnings(card, measured),
        ),
    )


def _answers(package: ModelPackage, samples: Sequence[Sample], pixels: Pixels) -> Answers:
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    return Answers.of_samples(samples, predict_logits(network, torch.from_numpy(pixels)).numpy())


def served(package: ModelPackage) -> Served:
    """How the model answers, from its card and its statistics.

    Raises:
        ModelPackageError: the statistics are not the file that the card names.
        BrokenStatisticsError: they are, but hold something else.
    """
    card = package.card
    has_flag = card.out_of_distribution is not None
    return Served(
        point=card.point,
        band=card.abstain_band,
        flags=card.out_of_distribution,
        typical=Typical.from_bytes(package.read(PackageFile.STATISTICS)) if has_flag else None,
    )


def _measured(
    card: ModelCard, root: Path, layout: Layout | None, split_file: Path | None, part: Part | None
) -> _Measured:
    samples = read_dataset(root, layout)
    digest = dataset_digest(samples, root)
    is_own = digest == card.training.data_digest
    if split_file is None:
        if is_own:
            raise EvaluationError(
                f"{root} holds the very images that the model was trained on; measured as a whole they would show what "
                "it has learnt by heart. Name the split file that it was trained by (--split): its test part is used."
            )
        if part not in (None, Part.ALL):
            raise EvaluationError(f"The {part} part of {root} is known only by a split file; name it with --split.")
        return _Measured(root, digest, Part.ALL, samples, None)
    split = replay_split(split_file, samples, root=root)
    if is_own and card.training.split_digest not in (None, split_digest(split, root)):
        raise EvaluationError(
            f"{split_file} is not the split that the model was trained by (digest "
            f"{str(card.training.split_digest)[:12]}): images of its test part may have been trained on. Name that one."
        )
    chosen = part or Part.TEST
    parts = {Part.TRAINING: split.training, Part.VALIDATION: split.validation, Part.TEST: split.test}
    return _Measured(root, digest, chosen, parts.get(chosen, samples), split)


def _baseline(measured: _Measured, pixels: Pixels, card: ModelCard, on_image: Callable[[], None]) -> Baseline | None:
    training = measured.forest_part
    if training:
        seen = load_pixels(training, card.preprocess, on_image)
        answers = colour_answers(seen, labels_of(training), pixels, measured.samples)
        return Baseline(answers=answers, trained_on="the split's training part")
    crossed = cross_validated_colour_answers(pixels, measured.samples)
    return None if crossed is None else Baseline(crossed, "the other folds of the measured images themselves")


def _warnings(card: ModelCard, measured: _Measured) -> list[str]:
    found = []
    is_own = measured.digest == card.training.data_digest
    if is_own and measured.part in (Part.TRAINING, Part.ALL):
        found.append("The model was trained on these images. Its figures say what it has learnt by heart, no more.")
    if is_own and measured.part is Part.VALIDATION:
        found.append("Epoch, temperature, threshold and abstain band were chosen on these images: too good figures.")
    if not is_own:
        found.append(
            "These are not the images that the model was made from: the promises of the abstain band and of the flag "
            "hold for its own source alone. Whether single images were trained on cannot be seen from here."
        )
    if is_own and card.training.split_digest is None:
        found.append("The model's card names no split; whether this one is its own cannot be checked.")
    return found
