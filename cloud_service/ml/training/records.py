"""What goes into training and what comes out of it."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from cloud_service.ml.network.contract import Network
from shared.errors import PermanentError


class TrainingError(PermanentError):
    """Training cannot go on; the text says where it stopped, why, and what to change."""


class EpochRecord(BaseModel):
    """One line of metrics.jsonl."""

    model_config = ConfigDict(frozen=True)

    epoch: int  # from 1
    training_loss: float  # mean of the epoch's steps, on images as augmented
    validation_loss: float
    validation_accuracy: float  # at a probability of 0.5
    learning_rate: float  # of the epoch's last step
    images_per_second: float  # trained on, validation not counted
    seconds: float  # of the whole epoch


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPixels:
    """Images and their labels."""

    pixels: Tensor  # (N, S, S, 3) uint8
    labels: Tensor  # (N,) float32, 1 = ALL


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What came out of a run."""

    network: Network  # with the chosen epoch's weights, on the CPU, in evaluation mode
    chosen: EpochRecord
    history: tuple[EpochRecord, ...]  # all epochs, also those before a resumption
