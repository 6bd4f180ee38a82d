"""The model card: what a model is, what it was made from, and how far it may be believed."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cloud_service.ml.network.settings import NetworkSettings
from shared.identifiers import Sha256, SlugId
from shared.imaging.preprocess import PreprocessSpec
from shared.vocabulary import RESEARCH_USE_ONLY, Label

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

NO_CLINICAL_MEANING = (
    "None. The model was trained on procedurally drawn pictures, never on blood. Its answers show that the "
    "software works and say nothing about any person."
)
UNPROVEN_CLINICAL_MEANING = "Unproven. No clinical study has been made of this model."


class PackageFile(StrEnum):
    """The files of a model package beside its card."""

    ONNX = "model.onnx"  # pixels (N, size, size, 3) uint8 → logits (N,) float32, normalisation inside
    WEIGHTS = "weights.safetensors"  # the network's own parameters and BatchNorm statistics


class _CardPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeldOutMetrics(_CardPart):
    """How the model did on images that neither adjusted its weights nor chose its epoch."""

    part: Text = Field(description="Which held-out images: all of them, or those of one kind.")
    images: int = Field(ge=1)
    images_with_all: int = Field(ge=0, description="How many of them show ALL.")
    accuracy: Fraction
    sensitivity: Fraction | None = Field(
        description="Share of the images with ALL called suspicious; null: there are none."
    )
    specificity: Fraction | None = Field(description="Share of the others not called so; null: there are none.")
    roc_auc: Fraction | None = Field(description="Area under the ROC curve; null: one label only.")
    loss: float = Field(ge=0.0, description="Mean binary cross-entropy, nats.")


class TrainingRecord(_CardPart):
    """What the model was made from and how; enough to make it again."""

    data: Text = Field(description="What the images are and where they come from.")
    data_digest: Sha256 = Field(
        description="Over names, labels, groups and contents (datasets.samples.dataset_digest)."
    )
    images_trained_on: int = Field(ge=1)
    images_chosen_by: int = Field(ge=1, description="Size of the validation part, which chose the epoch.")
    settings: dict[str, str | int | float | bool] = Field(description="TrainingSettings, by name.")
    chosen_epoch: int = Field(ge=1)
    software: dict[str, str] = Field(description="Versions of the libraries that decide the outcome.")


class ModelCard(_CardPart):
    """The card of one version of one model. A package without it does not load."""

    schema_version: Literal[1] = 1
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
    labels: tuple[Label, Label] = Field(
        default=(Label.NO_BLAST_FEATURES, Label.SUSPICIOUS), description="Below the threshold, and from it on."
    )
    training: TrainingRecord
    held_out: tuple[HeldOutMetrics, ...] = Field(min_length=1)
    onnx_difference: float = Field(
        ge=0.0,
        description="Largest difference of ONNX Runtime's logits from torch's at export, each divided by torch's logit "
        "where that is beyond 1 or -1; 1e-4 is the most that is exported.",
    )
    intended_use: Text
    limits: tuple[Text, ...] = Field(min_length=1)
    clinical_meaning: Text
    research_use: Text = RESEARCH_USE_ONLY

    def label_of(self, probability: float) -> Label:
        """The label of a probability of ALL; the threshold itself counts as suspicious."""
        below, above = self.labels
        return above if probability >= self.threshold else below
