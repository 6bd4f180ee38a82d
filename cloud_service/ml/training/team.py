"""The processes that train one network together: one, or as many as torchrun started."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

# Before there is a process group: this module takes the group of the time of its import as a default argument, and
# torch's optimisers import it. A group that is still referred to as its process ends now and then aborts it.
import torch.distributed.nn.functional
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cloud_service.ml.training.records import TrainingError


@dataclass(frozen=True, slots=True)
class Team:
    """Which of the processes this is, and where it computes."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process validates, writes and reports for all."""
        return self.rank == 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """A network whose gradients become their mean over the team; drop it before the team parts."""
        return network if self.size == 1 else DistributedDataParallel(network)

    def share_of(self, batch: Tensor) -> Tensor:
        """This process's part of a batch that the team takes together."""
        return batch.chunk(self.size)[self.rank]

    def mean(self, value: float) -> float:
        """The mean of each process's value."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return total.item() / self.size

    def follow(self, tensors: list[Tensor]) -> None:
        """Makes each process's tensors those of the leading one."""
        if self.size > 1:
            for tensor in tensors:
                torch.distributed.broadcast(tensor, src=0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            torch.distributed.barrier()


def rank_here() -> int:
    """This process's number among those that torchrun started; the leading one, or a single one, has 0."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def joined_team(device: Literal["auto", "cpu", "cuda"]) -> Iterator[Team]:
    """Joins the processes that torchrun started (by the environment variables that it sets), or is alone.

    Raises:
        TrainingError: a GPU is asked for and there is none, or the processes do not find each other.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("There is no GPU that torch can use here; set the training's device to auto or cpu.")
    kind = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    size, local_rank, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0")), rank_here()
    if kind == "cuda":
        torch.cuda.set_device(local_rank)
    here = torch.device(kind, local_rank) if kind == "cuda" else torch.device(kind)
    if size <= 1:
        yield Team(rank=0, size=1, device=here)
        return
    if torch.distributed.is_initialized():  # by an outer joined_team, which also ends it
        yield Team(rank=rank, size=size, device=here)
        return
    try:
        torch.distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    except (ValueError, torch.distributed.DistError) as error:
        raise TrainingError(
            f"WORLD_SIZE says that {size} processes train together, and they do not find each other: {error}. Start "
            "all of them by torchrun, or unset WORLD_SIZE to train with one."
        ) from error
    team = Team(rank=rank, size=size, device=here)
    try:
        yield team
        team.wait()  # who leaves while another still talks aborts it
    except BaseException as error:
        # Its frames hold the wrapped network. Were that the last to know the group, it would end the group while it
        # holds the interpreter, and wait for the group's threads, which wait for the interpreter: for ever.
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        torch.distributed.destroy_process_group()
