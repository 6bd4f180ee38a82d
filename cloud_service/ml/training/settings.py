"""Settings of a training run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.network.settings import NetworkSettings
from shared.imaging.preprocess import PreprocessSpec


class TrainingSettings(BaseModel):
    """How a network is trained.

    Adam at 0.001 with binary cross-entropy is the recipe of Bukhari et al. (2022). The paper keeps the rate constant,
    which leaves the held-out accuracy swinging from epoch to epoch; `cosine` lets it fall to zero at the last step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=16, ge=2, description="Images a step; BatchNorm needs at least two.")
    learning_rate: float = Field(default=1e-3, gt=0.0)
    schedule: Literal["constant", "cosine"] = Field(default="constant", description="Of the learning rate.")
    augment: bool = Field(default=True, description="Whether training images are turned and their stain varied.")
    validation_share: float = Field(default=0.15, gt=0.0, lt=1.0, description="Of each label's groups.")
    test_share: float = Field(default=0.2, gt=0.0, lt=1.0, description="Of each label's groups, held out.")
    seed: int = Field(default=1, ge=0, description="Of split, first weights, order and augmentation.")
    threads: int = Field(default=2, ge=1, description="Threads of torch; another number moves the last digits.")


class Recipe(BaseModel):
    """Everything that, with the data, decides the outcome of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings = NetworkSettings()
    preprocess: PreprocessSpec = PreprocessSpec()
    training: TrainingSettings = TrainingSettings()
