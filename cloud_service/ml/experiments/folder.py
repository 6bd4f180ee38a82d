"""The folder of an experiment: its settings, what is finished, and where everything stands.

experiment.json          the settings; a folder goes on with the same settings only
splits/run-1-first.json  the split of each run and data set, to be replayed
runs/<arm>/run-1.json    a finished run (RunRecord), written whole
runs/<arm>/run-1.jsonl   a line an epoch, while it trains and after; another process may follow it
report.html, .md, .json  and figures/
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.differences import differences
from cloud_service.ml.experiments.material import DataRecord, ExperimentError
from cloud_service.ml.experiments.plan import Arm, Plan
from cloud_service.ml.experiments.record import RunRecord
from cloud_service.ml.training.settings import Recipe

SETTINGS_NAME = "experiment.json"


class ExperimentSettings(BaseModel):
    """All that decides an experiment, but for the machine and the versions of the software."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    plan: Plan
    data: tuple[DataRecord, ...]
    recipes: dict[str, Recipe]  # by name; each run uses one with its own seed, network and augmentation
    quick: bool
    offline: bool  # training parts enlarged once to the paper's counts, in place of varied anew in each epoch
    leaks_allowed: bool


@dataclass(frozen=True, slots=True)
class ExperimentFolder:
    """Where an experiment is written. Made by `open_folder`."""

    root: Path

    def begin(self, settings: ExperimentSettings) -> None:
        """Writes the settings of a new experiment; does nothing where they stand already.

        Raises:
            ExperimentError: the folder cannot be written, or the disk is full.
        """
        file = self.root / SETTINGS_NAME
        if not file.exists():
            self.write(file, settings.model_dump_json(indent=1).encode() + b"\n")

    def split_file(self, run: int, data_key: str) -> Path:
        """Of one run and data set."""
        return self.root / "splits" / f"run-{run}-{data_key}.json"

    def history_file(self, arm: Arm, run: int) -> Path:
        """A line an epoch."""
        return self.root / "runs" / arm.key / f"run-{run}.jsonl"

    def checkpoint(self, arm: Arm, run: int) -> Path:
        """Where an unfinished run leaves what it needs to go on."""
        return self.root / "runs" / arm.key / f"run-{run}-checkpoint.safetensors"

    def finished(self, arm: Arm, run: int) -> RunRecord | None:
        """A run that is finished; None where it is not.

        Raises:
            ExperimentError: its file is there and cannot be read as such.
        """
        file = self._record_file(arm, run)
        try:
            return RunRecord.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ExperimentError(
                f"{file} is no finished run of this version of Smearflow ({error.errors()[0]['msg']}). Delete it to "
                "have the run made again."
            ) from error

    def finish(self, record: RunRecord) -> None:
        """Writes a finished run, whole or not at all.

        Raises:
            ExperimentError: the folder cannot be written, or the disk is full.
        """
        self.write(self._record_file(record.arm, record.run), record.model_dump_json(indent=1).encode() + b"\n")

    def write(self, file: Path, content: bytes) -> None:
        """Writes a file of the folder, whole or not at all; an older one is replaced.

        Raises:
            ExperimentError: the folder cannot be written, or the disk is full.
        """
        self.make_folder(file.parent)
        try:
            write_whole(file, content)
        except DatasetError as error:
            raise ExperimentError(f"{error} The same command then goes on where it stopped.") from error

    def make_folder(self, below: Path) -> None:
        """Makes a folder within this one, where it is missing.

        Raises:
            ExperimentError: it cannot be made.
        """
        try:
            below.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExperimentError(
                f"The folder {below} cannot be made: {error.strerror}. Free some space or name another one with --out."
            ) from error

    def _record_file(self, arm: Arm, run: int) -> Path:
        return self.root / "runs" / arm.key / f"run-{run}.json"


def open_folder(root: Path, settings: ExperimentSettings) -> ExperimentFolder:
    """A new folder, or the folder of an experiment with the same settings that was stopped or is finished.

    Nothing is written yet, so that an experiment that is refused later on leaves nothing (see `begin`).

    Raises:
        ExperimentError: `root` holds an experiment with other settings, or something else.
    """
    folder = ExperimentFolder(root)
    file = root / SETTINGS_NAME
    if file.is_file():
        _require_same(_read(file), settings, root)
        return folder
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ExperimentError(f"{root} holds something else than an experiment; name another folder with --out.")
    return folder


def _read(file: Path) -> ExperimentSettings:
    try:
        return ExperimentSettings.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ExperimentError(
            f"{file} holds no settings of an experiment of this version of Smearflow: {error.errors()[0]['msg']}. Name "
            "another folder with --out."
        ) from error


def _require_same(found: ExperimentSettings, wanted: ExperimentSettings, root: Path) -> None:
    """Refuses to go on with other settings, which would mix two experiments in one report."""
    different = differences(found.model_dump(mode="json"), wanted.model_dump(mode="json"))
    if different:
        raise ExperimentError(
            f"{root} holds an experiment with other settings: {'; '.join(different[:4])}. Ask for the same settings to "
            "go on with it, or name another folder with --out."
        )
