"""Settings of a training run."""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_service.ml.datasets.split_settings import SplitSettings, ValidationSource
from cloud_service.ml.network.settings import NetworkSettings
from shared.imaging.preprocess import PreprocessSpec

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class AugmentationPreset(StrEnum):
    """Names of augmentations that are often wanted; AUGMENTATIONS holds their settings."""

    NONE = "none"
    PAPER = "paper"  # as Bukhari et al. (2022) describe theirs
    MODERN = "modern"  # any angle, mirrored, another scale, stain and light
    SQUARE = "square"  # quarter turns, mirrored, another stain and light: no pixel is mixed with its neighbours


class AugmentationSettings(BaseModel):
    """How training images are varied, each anew in each epoch.

    A field of zero, and angles of (0,), leave that property as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    angles: tuple[float, ...] | Literal["quarters", "any"] = Field(
        default=(0.0,), description="Degrees, of which each image is turned by one; any: by any angle.", min_length=1
    )
    mirrored: bool = Field(default=False, description="Whether half of the images are mirrored.")
    scale: Share = Field(default=0.0, description="Sizes are multiplied by 1 - scale … 1 + scale.")
    shift: float = Field(default=0.0, ge=0.0, description="Pixels of the square: along each axis -shift … shift.")
    outside: Literal["nearest", "reflect"] = Field(
        default="reflect", description="What is seen where a turned or shifted image ends."
    )
    stain: Share = Field(default=0.0, description="The stain's density in each colour is multiplied by 1 ± stain.")
    light: Share = Field(default=0.0, description="The light is multiplied by 1 ± light.")


AUGMENTATIONS: Final[dict[AugmentationPreset, AugmentationSettings]] = {
    AugmentationPreset.NONE: AugmentationSettings(),
    # "Rotation by 60° and 90°" is read as these angles beside the image as it was, and "shift (-1, 1)" as Keras'
    # ImageDataGenerator reads a shift range of 1.0: a real number of *pixels*, since only a range below 1 is a share
    # of the width. A range given there as the list (-1, 1) would mean whole pixels, -1 or 1: never more either. What
    # lies outside is filled with the nearest pixel, as that class does by default.
    AugmentationPreset.PAPER: AugmentationSettings(angles=(0.0, 60.0, 90.0), shift=1.0, outside="nearest"),
    AugmentationPreset.MODERN: AugmentationSettings(
        angles="any", mirrored=True, scale=0.1, shift=8.0, stain=0.2, light=0.1
    ),
    AugmentationPreset.SQUARE: AugmentationSettings(angles="quarters", mirrored=True, stain=0.2, light=0.1),
}


class TrainingSettings(BaseModel):
    """How a network is trained.

    By default as Bukhari et al. (2022) do: Adam at a constant 0.001, binary cross-entropy, their augmentation. That
    leaves the held-out accuracy swinging from epoch to epoch; a falling rate, averaged weights and BatchNorm statistics
    taken anew steady it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=20, ge=1, description="Passes over the training part, at most.")
    patience: int = Field(
        default=0, ge=0, description="Epochs without a lower validation loss after which training ends; 0: it does not."
    )
    batch_size: int = Field(default=16, ge=2, description="Images a step; BatchNorm needs at least two.")
    learning_rate: float = Field(default=1e-3, gt=0.0, description="Of Adam, the highest of the run.")
    schedule: Literal["constant", "cosine"] = Field(
        default="constant", description="Of the learning rate; cosine falls to zero at the last step."
    )
    warm_up: Share = Field(default=0.0, description="Share of the steps in which the rate rises from zero.")
    averaging: Share = Field(
        default=0.0, description="Decay of the exponential average of the weights, at every step; 0: no average."
    )
    batch_norm_images: int = Field(
        default=0,
        ge=0,
        description="BatchNorm's statistics are taken anew from so many training images, as they are without "
        "augmentation, before each validation; 0: those that training gathered.",
    )
    balanced: bool = Field(
        default=False,
        description="Whether both labels weigh the same in the loss, however many images of each there are; otherwise "
        "each image does, and probabilities lean towards the label that is more frequent in training.",
    )
    augmentation: AugmentationPreset | AugmentationSettings = AugmentationPreset.PAPER
    offline_not_all: int = Field(
        default=0,
        ge=0,
        description="Images without ALL after augmentation, once before training, as in the paper's tables 1, 3 and 4; "
        "0: images are varied anew in each epoch.",
    )
    offline_all: int = Field(default=0, ge=0, description="The same for images with ALL.")
    validation_share: float = Field(default=0.15, gt=0.0, lt=1.0, description="Of each label's groups.")
    validation_from: ValidationSource = Field(
        default=ValidationSource.GROUPS, description="Whole groups, or images of groups that are trained on too."
    )
    test_share: float = Field(default=0.2, gt=0.0, lt=1.0, description="Of each label's groups, held out.")
    seed: int = Field(default=1, ge=0, lt=2**32, description="Of split, first weights, order and augmentation.")
    threads: int = Field(default=2, ge=1, description="Threads of torch; another number moves the last digits.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: a GPU where there is one.")
    mixed_precision: bool = Field(default=True, description="Half precision where it is safe, on a GPU only.")

    @model_validator(mode="after")
    def _leaves_some_to_train_on(self) -> Self:
        _ = self.split_settings
        return self

    @property
    def split_settings(self) -> SplitSettings:
        """How the data set is divided."""
        return SplitSettings(
            validation_share=self.validation_share,
            validation_from=self.validation_from,
            test_share=self.test_share,
            seed=self.seed,
        )

    @property
    def augmentation_settings(self) -> AugmentationSettings:
        """The augmentation's settings, also where it is given by its name."""
        chosen = self.augmentation
        return AUGMENTATIONS[chosen] if isinstance(chosen, AugmentationPreset) else chosen

    @property
    def is_augmented_offline(self) -> bool:
        """Whether augmented copies are made once, before training."""
        return bool(self.offline_not_all or self.offline_all)


class Recipe(BaseModel):
    """Everything that, with the data, decides the outcome of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings = NetworkSettings()
    preprocess: PreprocessSpec = PreprocessSpec()
    training: TrainingSettings = TrainingSettings()
