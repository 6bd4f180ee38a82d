"""What a job's process tells its worker: JSON text sequences (RFC 7464) on standard output, amid whatever is printed.

Each message is a record separator, a JSON object and a line feed, written at once. Anything else on the stream, say the
traceback of a crash, is a line of the job's log.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_service.training.schemas import EpochRecord, TrainingProgress

_SEPARATOR = b"\x1e"
STANDARD_OUTPUT = 1
EPOCHS_NAME = "epochs.jsonl"


class Failure(BaseModel):
    """Why a job's process ended without an outcome, where it knows that itself."""

    model_config = ConfigDict(frozen=True)

    reason: str
    kind: Literal["transient", "permanent"]


class Message(BaseModel):
    """One message; exactly one of its fields is set."""

    model_config = ConfigDict(frozen=True)

    progress: TrainingProgress | None = None
    epoch: EpochRecord | None = None
    log: str | None = None
    failure: Failure | None = None


def write(message: Message, descriptor: int = STANDARD_OUTPUT) -> None:
    """Write a message in as few calls as the system needs."""
    data = _SEPARATOR + message.model_dump_json(exclude_none=True).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


def read(line: bytes) -> Message:
    """The message that a line holds; where it holds none, the line itself for the log."""
    printed, separator, text = line.rstrip(b"\r\n").partition(_SEPARATOR)
    if separator:
        try:
            return Message.model_validate_json(text)
        except ValidationError:
            printed = line.rstrip(b"\r\n").replace(_SEPARATOR, b"")
    return Message(log=printed.decode(errors="replace"))


def noted_epochs(folder: Path) -> dict[int, EpochRecord]:
    """The epochs that the processes of a job have told so far, by number; a line that was cut off is left out."""
    try:
        lines = (folder / EPOCHS_NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for line in lines:
        with suppress(ValidationError):
            record = EpochRecord.model_validate_json(line)
            found[record.epoch] = record
    return found


class PipeTell:
    """`kinds.Tell` of a job's process.

    Args:
        folder: of the job; epochs are noted there too, for the worker may die before it has written them.
    """

    def __init__(self, folder: Path) -> None:
        self._epochs = folder / EPOCHS_NAME

    def progress(self, progress: TrainingProgress) -> None:
        """See `Tell.progress`."""
        write(Message(progress=progress))

    def epoch(self, record: EpochRecord) -> None:
        """See `Tell.epoch`."""
        with self._epochs.open("ab") as file:
            file.write(b"\n" + record.model_dump_json().encode() + b"\n")  # the line before may have been cut off
        write(Message(epoch=record))

    def log(self, text: str) -> None:
        """See `Tell.log`."""
        write(Message(log=text))


class SilentTell:
    """`kinds.Tell` of the processes that follow a leading one: it tells for all."""

    def progress(self, progress: TrainingProgress) -> None:
        """The leading process tells it."""

    def epoch(self, record: EpochRecord) -> None:
        """The leading process tells it."""

    def log(self, text: str) -> None:
        """The leading process tells it."""
