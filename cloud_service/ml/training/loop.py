"""The training loop, on one page."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from pydantic import BaseModel, ConfigDict
from torch import Generator, Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from cloud_service.ml.deployed_network import DeployedNetwork, images_of
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.training.allocator import keep_freed_memory
from cloud_service.ml.training.augmentation import augment
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.errors import PermanentError

_EVALUATION_BATCH = 16


class TrainingError(PermanentError):
    """Training cannot go on; the text says at which epoch, why, and what to change."""


class EpochRecord(BaseModel):
    """One line of metrics.jsonl."""

    model_config = ConfigDict(frozen=True)

    epoch: int  # from 1
    training_loss: float
    validation_loss: float
    validation_accuracy: float  # at a probability of 0.5
    seconds: float


@dataclass(frozen=True, slots=True)
class LabelledPixels:
    """Images and their labels."""

    pixels: Tensor  # (N, S, S, 3) uint8
    labels: Tensor  # (N,) float32, 1 = ALL


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out of a run."""

    network: SECNN  # with the chosen epoch's weights, in evaluation mode
    chosen: EpochRecord


def train(
    training: LabelledPixels, validation: LabelledPixels, recipe: Recipe, on_epoch: Callable[[EpochRecord], None]
) -> Trained:
    """Trains a network and keeps the weights of the epoch with the least validation loss.

    The same arguments give the same network on the same kind of machine. The test part is not seen here.

    Args:
        training: adjusts the weights.
        validation: chooses the epoch.
        recipe: network, preprocessing and training settings.
        on_epoch: called with the record of each epoch as it ends.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    settings = recipe.training
    keep_freed_memory()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)  # first weights
    chance = Generator().manual_seed(settings.seed)  # order and augmentation
    network = DeployedNetwork(SECNN(recipe.network), recipe.preprocess)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    schedule = learning_rate_schedule(optimiser, settings, steps=settings.epochs * _steps(training, settings))
    best, best_weights = None, network.state_dict()
    for epoch in range(1, settings.epochs + 1):
        started = time.monotonic()
        training_loss = _train_epoch(network, training, optimiser, schedule, settings, chance)
        logits = predict_logits(network, validation.pixels)
        record = EpochRecord(
            epoch=epoch,
            training_loss=training_loss,
            validation_loss=binary_cross_entropy_with_logits(logits, validation.labels).item(),
            validation_accuracy=((logits >= 0) == (validation.labels > 0)).float().mean().item(),
            seconds=time.monotonic() - started,
        )
        _require_numbers(record)
        on_epoch(record)
        if best is None or record.validation_loss < best.validation_loss:
            best, best_weights = record, copy.deepcopy(network.state_dict())
    assert best is not None  # noqa: S101 - TrainingSettings has at least one epoch
    network.load_state_dict(best_weights)
    return Trained(network=network.network.eval(), chosen=best)


def _train_epoch(
    network: DeployedNetwork,
    part: LabelledPixels,
    optimiser: torch.optim.Optimizer,
    schedule: LRScheduler,
    settings: TrainingSettings,
    chance: Generator,
) -> float:
    """One pass over the training part; the mean loss of its steps."""
    network.train()
    losses = []
    for chosen in _batches(len(part.labels), settings, chance):
        pixels = part.pixels[chosen]
        images = augment(pixels, chance) if settings.augment else images_of(pixels)
        loss = binary_cross_entropy_with_logits(network.logits_of(images), part.labels[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch gives it no types
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return math.fsum(losses) / len(losses)


def predict_logits(network: nn.Module, pixels: Tensor) -> Tensor:
    """Logits (N,) of pixels (N, S, S, 3) uint8 by a DeployedNetwork, which is left in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(batch) for batch in torch.split(pixels, _EVALUATION_BATCH)])


def _batches(count: int, settings: TrainingSettings, chance: Generator) -> Iterator[Tensor]:
    """Indices (B,) in a fresh order; a last batch that is not full waits for another epoch's shuffle."""
    size = min(settings.batch_size, count)
    order = torch.randperm(count, generator=chance)
    yield from torch.split(order[: count // size * size], size)


def _steps(part: LabelledPixels, settings: TrainingSettings) -> int:
    count = len(part.labels)
    return count // min(settings.batch_size, count)


def learning_rate_schedule(optimiser: torch.optim.Optimizer, settings: TrainingSettings, steps: int) -> LRScheduler:
    """What sets the optimiser's learning rate before each of a run's `steps` steps."""
    match settings.schedule:
        case "constant":
            return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
        case "cosine":
            return CosineAnnealingLR(optimiser, T_max=steps)


def _require_numbers(record: EpochRecord) -> None:
    if not math.isfinite(record.training_loss) or not math.isfinite(record.validation_loss):
        raise TrainingError(
            f"Training stopped in epoch {record.epoch}: the loss is no longer a number. "
            "Lower the learning rate, or look for broken images in the data set."
        )
