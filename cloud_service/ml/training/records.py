"""What goes into training and what comes out of it."""

from dataclasses import dataclass

from torch import Tensor

from cloud_service.ml.network.contract import Network
from cloud_service.ml.training.epochs import EpochRecord
from shared.errors import PermanentError

__all__ = ["EpochRecord", "LabelledPixels", "Step", "Trained", "TrainingError"]


class TrainingError(PermanentError):
    """Training cannot go on; the text says where it stopped, why, and what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of a training, just made."""

    epoch: int  # from 1
    number: int  # in its epoch, from 1
    steps: int  # in an epoch
    images: int  # that all processes together took in it
    loss: Tensor  # a scalar on the training's device; to look at it waits for a GPU


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
