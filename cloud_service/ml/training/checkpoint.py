"""A run's state as one file: safetensors for the tensors, JSON in its header for the rest.

No pickle: loading a checkpoint runs no code that it may carry.
"""

from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.differences import differences
from cloud_service.ml.training.records import EpochRecord, TrainingError
from cloud_service.ml.training.run_state import RunState
from cloud_service.ml.training.settings import Recipe
from shared.identifiers import Sha256


class RunIdentity(BaseModel):
    """What a run that goes on must have in common with the one that stopped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    data_digest: Sha256  # of the pixels and labels of the training and validation parts
    processes: int


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: RunIdentity
    step: int
    history: tuple[EpochRecord, ...]
    scaler: dict[str, float | int]


def save(run: RunState, file: Path, identity: RunIdentity) -> None:
    """Writes the state to `file`, whole or not at all.

    Raises:
        TrainingError: it cannot be written; an older checkpoint is as it was.
    """
    header = _Header(
        identity=identity, step=run.step, history=tuple(run.history), scaler=run.scaler.state_dict()
    ).model_dump_json()
    try:
        write_whole(file, safetensors.torch.save(_tensors_of(run), {"run": header}))
    except DatasetError as error:
        raise TrainingError(
            f"{error} Once there is room the run can go on where it stopped: `train` with --resume, an experiment by "
            "the same command."
        ) from error


def restore(run: RunState, file: Path, identity: RunIdentity) -> None:
    """Brings a fresh state to where the checkpoint in `file` stands.

    Raises:
        TrainingError: there is no checkpoint, it is damaged, or it belongs to a run with other settings or data.
    """
    header, tensors = _read(file)
    _require_same(header.identity, identity, file)
    try:
        run.network.load_state_dict(_under("network", tensors))
        if run.average is not None:
            run.average.load_state_dict(_under("average", tensors))
        _restore_optimiser(run.optimiser, tensors)
    except (RuntimeError, KeyError) as error:
        raise TrainingError(
            f"The checkpoint {file} does not fit its own settings: {error}. Start a new run."
        ) from error
    run.best = _under("best", tensors)
    run.step = header.step
    run.history = list(header.history)
    if run.scaler.is_enabled():
        run.scaler.load_state_dict(dict(header.scaler))


def history_of(file: Path) -> tuple[EpochRecord, ...]:
    """The epochs that a checkpoint has behind it.

    Raises:
        TrainingError: there is no checkpoint, or it is damaged.
    """
    return _read(file)[0].history


def _tensors_of(run: RunState) -> dict[str, Tensor]:
    parts: dict[str, dict[str, Tensor]] = {
        "network": run.network.state_dict(),
        "best": run.best,
        "average": {} if run.average is None else run.average.state_dict(),
    }
    for number, state in run.optimiser.state_dict()["state"].items():
        parts[f"optimiser/{number}"] = state
    return {
        f"{part}/{name}": tensor.detach().cpu().contiguous().clone()
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
    }


def _under(part: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under("optimiser", tensors).items():
        number, field = name.split("/")
        state.setdefault(int(number), {})[field] = tensor
    whole: dict[str, Any] = {**optimiser.state_dict(), "state": state}
    optimiser.load_state_dict(whole)


def _read(file: Path) -> tuple[_Header, dict[str, Tensor]]:
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
        return _Header.model_validate_json(metadata.get("run", "")), tensors
    except FileNotFoundError as error:
        raise TrainingError(f"There is no checkpoint {file} to go on from; start the run without --resume.") from error
    except (OSError, safetensors.SafetensorError, ValidationError) as error:
        raise TrainingError(
            f"{file} is no checkpoint of this version, or is damaged. Start a new run in another folder; in an "
            "experiment, delete the file to have its run made from the beginning."
        ) from error


def _require_same(before: RunIdentity, now: RunIdentity, file: Path) -> None:
    if before == now:
        return
    changed = "; ".join(differences(before.model_dump(mode="json"), now.model_dump(mode="json")))
    raise TrainingError(
        f"The checkpoint {file} belongs to another run: {changed}. Resume with the settings and the data that it was "
        "started with, or start a new run in another folder."
    )
