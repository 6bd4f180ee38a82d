"""The processes that train one network together: one, or as many as torchrun started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

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

    def average_gradients(self, network: nn.Module) -> None:
        """Makes the gradients of a network, which is the same in each process, their mean over the team.

        Done by hand, after the backward pass: with DistributedDataParallel about one process in 13 aborted as it ended
        (torch 2.13, gloo), since the parameters keep its threads' communicator alive.
        """
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        whole = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(whole)
        parts = torch.split(whole / self.size, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

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


@contextmanager
def joined_team(device: Literal["auto", "cpu", "cuda"]) -> Iterator[Team]:
    """Joins the processes that torchrun started (by the environment variables that it sets), or is alone.

    Raises:
        TrainingError: a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("There is no GPU that torch can use here; set the training's device to auto or cpu.")
    kind = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    size, rank, local_rank = (int(os.environ.get(name, "0")) for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"))
    if kind == "cuda":
        torch.cuda.set_device(local_rank)
    here = torch.device(kind, local_rank) if kind == "cuda" else torch.device(kind)
    if size <= 1:
        yield Team(rank=0, size=1, device=here)
        return
    if torch.distributed.is_initialized():  # by an outer joined_team, which also ends it
        yield Team(rank=rank, size=size, device=here)
        return
    torch.distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    team = Team(rank=rank, size=size, device=here)
    try:
        yield team
        team.wait()  # who leaves while another still talks aborts it
    finally:
        torch.distributed.destroy_process_group()
