"""A kind of job that counts to a number, and dies where a test says so.

This module imports little: each of the many processes in which a job is done imports it.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.blob_store import BlobStore
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.models import TrainingJob
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from shared.errors import PermanentError, TransientError

ALICE = Actor("alice", "administrator")


class Counting:
    """Counts to `parameters.epochs`, an epoch a number, and writes down each that it has counted.

    `parameters.control` is a folder. Where it holds `die-STAGE`, whoever comes to that stage removes the file and dies
    by SIGKILL; where it holds `fault-STAGE`, the fault that it names is raised, for as long as it is there; at
    `hold-STAGE` the process waits until the file is gone. `at-STAGE` says that somebody came there.
    """

    uses_every_gpu = False

    def prepare(self, _session: Session, job: TrainingJob, folder: Path, _blobs: BlobStore) -> None:
        come_to(Path(job.parameters["control"]), "prepare")
        write_whole(folder / ORDER_NAME, json.dumps(job.parameters).encode())

    def work(self, folder: Path, _blobs: BlobStore, tell: Tell) -> None:
        order = json.loads((folder / ORDER_NAME).read_text())
        control, counted = Path(order["control"]), folder / "counted"
        come_to(control, "begin")
        done = int(counted.read_text()) if counted.exists() else 0
        tell.log(f"goes on behind {done}")
        for epoch in range(done + 1, order["epochs"] + 1):
            tell.progress(TrainingProgress(phase="Counting", done=epoch - 1, total=order["epochs"], epoch=epoch))
            come_to(control, f"epoch-{epoch}")
            write_whole(counted, str(epoch).encode())
            tell.epoch(an_epoch(epoch))
        come_to(control, "before-outcome")
        write_whole(folder / OUTCOME_NAME, json.dumps({"counted": order["epochs"]}).encode())
        come_to(control, "after-outcome")

    def finish(self, session: Session, job: TrainingJob, folder: Path, _blobs: BlobStore) -> dict[str, Any]:
        control = Path(job.parameters["control"])
        come_to(control, "finish")
        outcome: dict[str, Any] = json.loads((folder / OUTCOME_NAME).read_text())
        record(session, ALICE, Action.MODEL_REGISTERED, str(job.id))
        come_to(control, "finished")
        return outcome

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
        record(session, ALICE, Action.MODEL_REJECTED, str(job.id), reason=reason)


class CountingTogether(Counting):
    """Counts in several processes at once."""

    uses_every_gpu = True

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        (folder / f"rank-{os.environ['RANK']}-of-{os.environ['WORLD_SIZE']}").touch()
        tell.log(f"one of {os.environ['WORLD_SIZE']}")
        if os.environ["RANK"] == "0":
            super().work(folder, blobs, tell)


FAULTS = {
    "transient": TransientError("The blob store is away."),
    "permanent": PermanentError("The loss is no longer a number."),
    "unforeseen": RuntimeError("nobody foresaw this"),
    "full": OSError(28, "No space left on device", "checkpoint"),
}


def come_to(control: Path, stage: str) -> None:
    """See `Counting`."""
    (control / f"at-{stage}").touch()
    die, fault, hold = (control / f"{what}-{stage}" for what in ("die", "fault", "hold"))
    if die.exists():
        die.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if fault.exists():
        raise FAULTS[fault.read_text()]
    while hold.exists():
        time.sleep(0.01)  # a file is all that two processes share here


def an_epoch(number: int) -> EpochRecord:
    """The figures of an epoch; each has half the loss of the one before."""
    return EpochRecord(
        epoch=number,
        training_loss=0.8 / 2**number,
        validation_loss=1.0 / 2**number,
        validation_accuracy=1.0 - 0.4 / number,
        learning_rate=0.001,
        images_per_second=61.4,
        seconds=12.5,
    )
