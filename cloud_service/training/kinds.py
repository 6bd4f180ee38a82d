"""What a kind of job has to be able to do, and which kinds there are.

The parts of a kind run in three places: `prepare`, `finish` and `fail` in the worker, which knows the database and
neither torch nor what `work` needs; `fail` also in the API, where somebody cancels a job that waits; `work` in a
process of its own, which knows no database and may be killed at any moment. So the modules of the kinds import torch
and its like inside `work` alone. They are looked up by name, when a job of their kind comes.
"""

import pkgutil
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.models import TrainingJob
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.vocabulary import TrainingJobKind

ORDER_NAME = "order.json"
OUTCOME_NAME = "outcome.json"

_KINDS = {
    TrainingJobKind.CHECK_IMPORT: "cloud_service.datasets.jobs:CheckImport",
    TrainingJobKind.IMPORT: "cloud_service.datasets.jobs:Import",
    TrainingJobKind.TRAIN: "cloud_service.training.train_job:Train",
    TrainingJobKind.ASSESS: "cloud_service.gate.assess_job:Assess",
}


class Tell(Protocol):
    """By which a job's process tells how far it is. Nothing here waits for the database: tell as often as you like."""

    def progress(self, progress: TrainingProgress) -> None:
        """Where the job stands now; the newest is kept, once a second at most."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch has ended; each is kept, at once.

        Where the work goes on from a checkpoint, tell the epochs before it again: the process may have been killed
        between its checkpoint and its word. What is told again replaces what was told before.
        """

    def log(self, text: str) -> None:
        """A line for the people who watch; it comes into the job's log, the last part of which is kept."""


class JobKind(Protocol):
    """One kind of job. An object of it holds no state of a job: all that is in the row and in the job's folder.

    `<folder>/order.json` says what to do and `<folder>/outcome.json` what came of it, each written whole or not at all
    (`cloud_service.ml.datasets.writing.write_whole`). A job whose folder holds an outcome is not worked on again: after
    a crash of the worker `finish` alone is called.
    """

    uses_every_gpu: bool
    """Whether `work` may run in several processes at once, as torchrun starts them, one a GPU."""

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:
        """Write `order.json`, and what else the process needs, into the folder; the worker's side, once an attempt.

        The folder is there and may hold what an earlier attempt left. The session is the transaction of this attempt's
        beginning, under the job's claim; take no long time.

        Raises:
            PermanentError: the job cannot be done; it fails with this reason.
            TransientError: it cannot be done now; it is tried again later.
        """

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        """Do what `order.json` says and write `outcome.json`, in a process of its own, without the database.

        Goes on where an earlier attempt was killed, in whatever way. Raises as `prepare`.
        """

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:
        """Take over what came of it, in the transaction that ends the job under its claim; returns `job.result`.

        It may run more than once, where the worker dies before the commit: what it does outside the database does no
        harm when done twice. Raises as `prepare`.
        """

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
        """Note that nothing came of it, in the transaction that ends the job: it failed, or somebody cancelled it."""


def kind_of(name: str) -> JobKind:
    """The kind of a job, by `TrainingJob.kind`.

    Raises:
        ValueError: there is no such kind.
    """
    kind: JobKind = pkgutil.resolve_name(_KINDS[TrainingJobKind(name)])()
    return kind
