"""All that changes while a network is trained, and so all that going on from a checkpoint needs."""

import copy
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.building import build_network
from cloud_service.ml.training.records import EpochRecord
from cloud_service.ml.training.settings import Recipe, TrainingSettings

Weights = dict[str, Tensor]


@dataclass(slots=True)
class RunState:
    """A run between two epochs.

    Chance is no part of it: each epoch draws its own from the seed and the epoch's number.
    """

    network: DeployedNetwork  # as the optimiser left it
    optimiser: torch.optim.Adam
    scaler: torch.amp.GradScaler  # of the loss in half precision; does nothing elsewhere
    average: AveragedModel | None  # of the weights over the steps, where the settings ask for it
    step: int = 0  # steps made
    history: list[EpochRecord] = field(default_factory=list)
    best: Weights = field(default_factory=dict)  # of the epoch with the least validation loss

    @property
    def judged(self) -> DeployedNetwork:
        """The network that is validated and kept: the averaged one where there is one."""
        return self.network if self.average is None else cast("DeployedNetwork", self.average.module)

    @property
    def chosen(self) -> EpochRecord:
        """The first epoch with the least validation loss; there is at least one epoch."""
        return min(self.history, key=lambda record: record.validation_loss)

    def is_over(self, settings: TrainingSettings) -> bool:
        """Whether all epochs are done, or none of the last ones lowered the validation loss."""
        done = len(self.history)
        if done >= settings.epochs:
            return True
        return bool(settings.patience and done and done - self.chosen.epoch >= settings.patience)


def fresh_state(recipe: Recipe, device: torch.device) -> RunState:
    """A run before its first epoch; torch's global source of chance is set by the seed, for the first weights."""
    settings = recipe.training
    torch.manual_seed(settings.seed)
    network = DeployedNetwork(build_network(recipe.network), recipe.preprocess).to(device)
    if device.type == "cuda":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack it
    average = None
    if settings.averaging:
        averaging = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call] # torch gives it no types
        average = AveragedModel(network, multi_avg_fn=averaging, use_buffers=True)
    return RunState(
        network=network,
        optimiser=torch.optim.Adam(network.parameters(), lr=settings.learning_rate),
        scaler=torch.amp.GradScaler(device.type, enabled=device.type == "cuda" and settings.mixed_precision),
        average=average,
    )


def weights_now(network: nn.Module) -> Weights:
    """A copy of a network's weights and statistics, on the CPU."""
    return {name: copy.deepcopy(value).cpu() for name, value in network.state_dict().items()}
