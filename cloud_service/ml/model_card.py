"""The model card: what a model is, what it was made from, and how far it may be believed."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from cloud_service.ml.attention import AttentionMap
from cloud_service.ml.evaluation.conformal import AbstainBand, Coverage
from cloud_service.ml.evaluation.held_out import ColourComparison, FlagRates, HeldOutFigures
from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.evaluation.out_of_distribution import OutOfDistributionCard
from cloud_service.ml.evaluation.threshold import Threshold
from cloud_service.ml.network.settings import NetworkSettings
from shared.identifiers import Sha256, SlugId
from shared.imaging.preprocess import PreprocessSpec
from shared.vocabulary import RESEARCH_USE_ONLY, Label

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

NO_CLINICAL_MEANING = (
    "None. The model was trained on procedurally drawn pictures, never on blood. Its answers show that the "
    "software works and say nothing about any person."
)
MOST_ACCURACY_LOST = 0.002
"""Share of the held-out images by which eight bits may cost accuracy and still serve unasked."""
MOST_MEAN_DIFFERENCE = 0.01
"""Likewise, by which probabilities may differ on average."""
UNPROVEN_CLINICAL_MEANING = "Unproven. No clinical study has been made of this model."


class PackageFile(StrEnum):
    """The files of a model package beside its card."""

    ONNX = "model.onnx"  # pixels (N, size, size, 3) uint8 → logits (N,), features (N, F), attention (N, h, w) float32
    QUANTISED = "model-int8.onnx"  # the same in eight bits; only where `quantised` is given
    WEIGHTS = "weights.safetensors"  # the network's own parameters and BatchNorm statistics
    STATISTICS = "statistics.safetensors"  # of the training images, for `out_of_distribution`; only where that is given


class _CardPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingRecord(_CardPart):
    """What the model was made from and how; enough to make it again."""

    data: Text = Field(description="What the images are and where they come from.")
    data_digest: Sha256 = Field(
        description="Over names, labels, groups and contents (datasets.samples.dataset_digest)."
    )
    split_digest: Sha256 | None = Field(
        default=None, description="Which image was in which part (datasets.split_file.split_digest); null: not saved."
    )
    images_trained_on: int = Field(ge=1)
    images_chosen_by: int = Field(ge=1, description="Size of the validation part, which chose the epoch.")
    settings: dict[str, JsonValue] = Field(description="TrainingSettings, by name.")
    chosen_epoch: int = Field(ge=1)
    software: dict[str, str] = Field(description="Versions of the libraries that decide the outcome.")


class QuantisedFigures(_CardPart):
    """How the file in eight bits answers beside the one in float32, on the held-out images."""

    calibrated_on: int = Field(ge=1, description="Training images on which the ranges were taken.")
    images: int = Field(ge=1, description="Held-out images.")
    accuracy: Annotated[float, Field(ge=0.0, le=1.0)] = Field(description="At the threshold.")
    accuracy_in_float32: Annotated[float, Field(ge=0.0, le=1.0)]
    changed_labels: int = Field(ge=0, description="Images that fall on the other side of the threshold.")
    largest_difference: float = Field(ge=0.0, description="Of the probability.")
    mean_difference: float = Field(ge=0.0, description="Likewise, over all images.")

    @property
    def is_fit(self) -> bool:
        """Whether it may serve unasked: it costs no more accuracy and moves probabilities no more than is stated."""
        cost = round(self.accuracy_in_float32 - self.accuracy, 6)  # 2 of 1,000 are 0.002
        return cost <= MOST_ACCURACY_LOST and self.mean_difference <= MOST_MEAN_DIFFERENCE


class ModelCard(_CardPart):
    """The card of one version of one model. A package without it does not load."""

    schema_version: Literal[2] = 2
    name: SlugId
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$")]
    files: dict[PackageFile, Sha256] = Field(description="SHA-256 of each file of the package.")
    network: NetworkSettings
    reading_of_the_paper: Text = "Pooling stride and filters as in `network`: the paper states both in two ways."
    preprocess: PreprocessSpec
    temperature: float = Field(
        default=1.0, gt=0.0, le=100.0, description="Divides a logit before the sigmoid; fitted on the validation part."
    )
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        description="Probability from which on a capture is suspicious."
    )
    threshold_choice: Threshold | None = Field(
        default=None, description="How the threshold was chosen on the validation part; null: it was set by hand."
    )
    abstain_band: AbstainBand | None = Field(
        default=None, description="Conformal quantiles from the validation part; null: the model always answers."
    )
    out_of_distribution: OutOfDistributionCard | None = Field(
        default=None, description="When an image is flagged as unlike the training part's; null: never."
    )
    attention: AttentionMap | None = Field(
        default=None, description="Of the maps of where the network looked; null: its ONNX file gives none."
    )
    labels: tuple[Label, Label] = Field(
        default=(Label.NO_BLAST_FEATURES, Label.SUSPICIOUS), description="Below the threshold, and from it on."
    )
    training: TrainingRecord
    held_out: tuple[HeldOutFigures, ...] = Field(
        min_length=1, description="Of all held-out images, then of each kind of image where there are several."
    )
    coverage: Coverage | None = Field(default=None, description="Of the abstain band, on the held-out images.")
    flag_rates: FlagRates | None = Field(default=None, description="Of the flag, on held-out images and on others.")
    colours: ColourComparison | None = Field(
        default=None, description="A random forest on colours beside the network; null: not compared."
    )
    shortcuts: tuple[Text, ...] = Field(
        default=(), description="What may explain the figures without any cytology, and leaks that were allowed."
    )
    onnx_difference: float = Field(
        ge=0.0,
        description="Largest difference of ONNX Runtime's logits from torch's at export, scaled as "
        "export.LARGEST_DIFFERENCE says; 1e-4 is the most that is exported.",
    )
    quantised: QuantisedFigures | None = Field(
        default=None, description="Of the file in eight bits beside that in float32; null: there is none."
    )
    intended_use: Text
    limits: tuple[Text, ...] = Field(min_length=1)
    clinical_meaning: Text
    research_use: Text = RESEARCH_USE_ONLY

    @model_validator(mode="after")
    def _entries_agree(self) -> Self:
        if self.threshold_choice is not None and self.threshold_choice.probability != self.threshold:
            raise ValueError("threshold and threshold_choice name different probabilities")
        if (self.out_of_distribution is not None) != (PackageFile.STATISTICS in self.files):
            raise ValueError(f"out_of_distribution and {PackageFile.STATISTICS} come together or not at all")
        if (self.quantised is not None) != (PackageFile.QUANTISED in self.files):
            raise ValueError(f"quantised and {PackageFile.QUANTISED} come together or not at all")
        return self

    @property
    def point(self) -> OperatingPoint:
        """Threshold and temperature, as figures are taken at them."""
        return OperatingPoint(threshold=self.threshold, temperature=self.temperature)

    def label_of(self, probability: float) -> Label:
        """The label of a probability of ALL; the threshold itself counts as suspicious."""
        below, above = self.labels
        return above if probability >= self.threshold else below
