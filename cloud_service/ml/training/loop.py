"""The training loop, on one page."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import update_bn

from cloud_service.allocator import keep_freed_memory
from cloud_service.ml.deployed_network import images_of
from cloud_service.ml.training.augmentation import augment
from cloud_service.ml.training.checkpoint import RunIdentity, restore, save
from cloud_service.ml.training.fused_blocks import TrainingView
from cloud_service.ml.training.offline import ClassCounts, offline_augment
from cloud_service.ml.training.prediction import predict_logits
from cloud_service.ml.training.records import EpochRecord, LabelledPixels, Step, Trained, TrainingError
from cloud_service.ml.training.run_state import RunState, fresh_state, weights_now
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from cloud_service.ml.training.team import Team, joined_team

__all__ = [
    "EpochRecord",
    "LabelledPixels",
    "Step",
    "Trained",
    "TrainingError",
    "predict_logits",
    "train",
]


def train(
    training: LabelledPixels,
    validation: LabelledPixels,
    recipe: Recipe,
    on_epoch: Callable[[EpochRecord], None],
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_step: Callable[[Step], None] = lambda _step: None,
) -> Trained:
    """Trains a network and keeps the weights of the epoch with the least validation loss.

    The same arguments give the same network on the same kind of machine, also when a run was stopped, in whatever way,
    and went on from its checkpoint. The test part is not seen here. Under torchrun each process takes its share of
    every batch, and all get the same network.

    Args:
        training: adjusts the weights.
        validation: chooses the epoch.
        recipe: network, preprocessing and training settings.
        on_epoch: called with the record of each epoch as it ends, in the leading process.
        checkpoint: file that holds the run's state from before the first epoch on, replaced after each.
        resume: go on from `checkpoint`; its epochs are not told again.
        on_step: called after each step, in every process.

    Raises:
        TrainingError: the loss is no longer a number, the checkpoint cannot be written or belongs to another run, or
            the batch cannot be divided among the processes.
    """
    settings = recipe.training
    with joined_team(settings.device) as team:
        _prepare_torch(settings, team)
        identity = RunIdentity(recipe=recipe, data_digest=_digest(training, validation), processes=team.size)
        training = _enlarged(training, settings)
        run = fresh_state(recipe, team.device)
        if resume and checkpoint is not None:
            restore(run, checkpoint, identity)
        elif checkpoint is not None and team.leads:
            save(run, checkpoint, identity)
        model = team.wrap(TrainingView(run.network))
        while not run.is_over(settings):
            record = _run_epoch(run, model, training, validation, settings, team, on_step)
            if checkpoint is not None and team.leads:
                save(run, checkpoint, identity)
            if team.leads:
                on_epoch(record)
        del model  # its wrapper would keep the team from parting, see team.py
        run.judged.load_state_dict(run.best)
        team.follow(list(run.judged.state_dict().values()))
        return Trained(network=run.judged.network.cpu().eval(), chosen=run.chosen, history=tuple(run.history))


def _enlarged(training: LabelledPixels, settings: TrainingSettings) -> LabelledPixels:
    """The training part with the copies that are made once, where the settings ask for any."""
    if not settings.is_augmented_offline:
        return training
    counts = ClassCounts(not_all=settings.offline_not_all, all=settings.offline_all)
    return offline_augment(training, counts, settings.augmentation_settings, seed=settings.seed)


def _run_epoch(
    run: RunState,
    model: nn.Module,
    training: LabelledPixels,
    validation: LabelledPixels,
    settings: TrainingSettings,
    team: Team,
    on_step: Callable[[Step], None],
) -> EpochRecord:
    """One pass over the training part, then the judgement on the validation part."""
    epoch = len(run.history) + 1
    started = time.monotonic()
    training_loss = team.mean(_train_epoch(run, model, training, settings, team, on_step))
    _require_number(training_loss, "training", epoch)
    trained = time.monotonic()
    loss, accuracy = _judge(run, training, validation, settings, team)
    _require_number(loss, "validation", epoch)
    record = EpochRecord(
        epoch=epoch,
        training_loss=training_loss,
        validation_loss=loss,
        validation_accuracy=accuracy,
        learning_rate=learning_rate_at(run.step - 1, _steps(training, settings), settings),
        images_per_second=_steps(training, settings) * _batch_size(training, settings) / (trained - started),
        seconds=time.monotonic() - started,
    )
    run.history.append(record)
    if run.chosen is record:
        run.best = weights_now(run.judged)
    return record


def _train_epoch(
    run: RunState,
    model: nn.Module,
    part: LabelledPixels,
    settings: TrainingSettings,
    team: Team,
    on_step: Callable[[Step], None],
) -> float:
    """One pass over the training part; the mean loss of this process's steps."""
    epoch = len(run.history) + 1
    order, variation = _chance(settings, epoch, "order"), _chance(settings, epoch, f"variation {team.rank}")
    varied, weight = settings.augmentation_settings, _weight_of_all(part, settings).to(team.device)
    run.network.train()
    losses = []
    for batch in _batches(part, settings, order):
        chosen = team.share_of(batch)
        pixels = part.pixels[chosen].to(team.device)
        images = images_of(pixels) if settings.is_augmented_offline else augment(pixels, varied, variation)
        for group in run.optimiser.param_groups:
            group["lr"] = learning_rate_at(run.step, _steps(part, settings), settings)
        with torch.autocast(team.device.type, dtype=torch.float16, enabled=run.scaler.is_enabled()):
            logits = model(images)
        labels = part.labels[chosen].to(team.device)
        loss = binary_cross_entropy_with_logits(logits.float(), labels, pos_weight=weight)
        run.optimiser.zero_grad()
        run.scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch gives it no types
        run.scaler.step(run.optimiser)
        run.scaler.update()
        run.step += 1
        if run.average is not None:
            run.average.update_parameters(run.network)
        losses.append(loss.detach())
        on_step(Step(epoch, len(losses), _steps(part, settings), len(batch), losses[-1]))
    return torch.stack(losses).mean().item()


def _judge(
    run: RunState, training: LabelledPixels, validation: LabelledPixels, settings: TrainingSettings, team: Team
) -> tuple[float, float]:
    """Loss and accuracy on the validation part, worked out by the leading process."""
    found = torch.zeros(2, dtype=torch.float64, device=team.device)
    if team.leads:
        if settings.batch_norm_images:
            _take_statistics_anew(run, training, settings)
        logits = predict_logits(run.judged, validation.pixels)
        weight = _weight_of_all(training, settings)
        found[0] = binary_cross_entropy_with_logits(logits, validation.labels, pos_weight=weight)
        found[1] = ((logits >= 0) == (validation.labels > 0)).float().mean()
    team.follow([found])
    loss, accuracy = found.tolist()
    return loss, accuracy


def _weight_of_all(training: LabelledPixels, settings: TrainingSettings) -> Tensor:
    """How many images without ALL one with ALL weighs in the loss, a scalar."""
    if not settings.balanced:
        return torch.ones(())
    with_all = training.labels.sum()
    return (len(training.labels) - with_all) / with_all


def _take_statistics_anew(run: RunState, training: LabelledPixels, settings: TrainingSettings) -> None:
    """BatchNorm's statistics from training images as they will be served, under the weights as they are now."""
    order = torch.randperm(len(training.labels), generator=_chance(settings, 0, "statistics"))
    chosen = order[: settings.batch_norm_images]
    device = run.judged.mean.device
    update_bn((training.pixels[batch] for batch in torch.split(chosen, settings.batch_size)), run.judged, device)


def _batches(part: LabelledPixels, settings: TrainingSettings, chance: Generator) -> Iterator[Tensor]:
    """Indices (B,) in a fresh order; a last batch that is not full waits for another epoch's shuffle."""
    size, steps = _batch_size(part, settings), _steps(part, settings)
    order = torch.randperm(len(part.labels), generator=chance)
    yield from torch.split(order[: steps * size], size)


def _batch_size(part: LabelledPixels, settings: TrainingSettings) -> int:
    return min(settings.batch_size, len(part.labels))


def _steps(part: LabelledPixels, settings: TrainingSettings) -> int:
    """Steps an epoch."""
    return len(part.labels) // _batch_size(part, settings)


def learning_rate_at(step: int, steps_an_epoch: int, settings: TrainingSettings) -> float:
    """The learning rate of a run's step, counted from 0."""
    steps = settings.epochs * steps_an_epoch
    warm = settings.warm_up * steps
    if step < warm:
        return settings.learning_rate * (step + 1) / (warm + 1)
    match settings.schedule:
        case "constant":
            return settings.learning_rate
        case "cosine":
            return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def _chance(settings: TrainingSettings, epoch: int, purpose: str) -> Generator:
    digest = hashlib.sha256(f"{settings.seed}/{epoch}/{purpose}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8]) >> 1)


def _prepare_torch(settings: TrainingSettings, team: Team) -> None:
    keep_freed_memory()
    torch.set_num_threads(settings.threads)
    if settings.batch_size % team.size or settings.batch_size // team.size < 2:  # noqa: PLR2004 - BatchNorm's least
        raise TrainingError(
            f"A batch of {settings.batch_size} images cannot be divided among {team.size} processes, each with two or "
            "more; change batch_size or the number of processes."
        )


def _digest(*parts: LabelledPixels) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.labels.numpy().tobytes())
        digest.update(part.pixels.contiguous().numpy().data)
    return digest.hexdigest()


def _require_number(loss: float, part: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"Training stopped in epoch {epoch}: the {part} loss is no longer a number. "
            "Lower the learning rate, or look for broken images in the data set."
        )
