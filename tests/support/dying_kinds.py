"""The kinds of jobs that check and keep data sets, and die by SIGKILL where a test says so.

In a folder of the test's, `die-STAGE` lets whoever comes to that stage die, once: see `tests.support.counting`.
Stages begin with `check-` or `import-`; they are `prepared` and `finished` of the worker, just before its transactions
are committed, the phases of the job's own process, once their first step is done, and `outcome`, at its very end.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.jobs import CheckImport, Import
from cloud_service.models import TrainingJob
from cloud_service.training.kinds import JobKind, Tell
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.vocabulary import TrainingJobKind
from tests.support.counting import come_to

CONTROL = "SMEARFLOW_TESTS_CONTROL"


class DyingTell:
    """Hands on what it is told, and dies in between."""

    def __init__(self, tell: Tell, kind: str) -> None:
        self._tell, self._kind = tell, kind

    def progress(self, progress: TrainingProgress) -> None:
        """See `Tell.progress`."""
        self._tell.progress(progress)
        if progress.done:
            come_to(control(), f"{self._kind}-{progress.phase.lower().replace(' ', '-')}")

    def epoch(self, record: EpochRecord) -> None:
        """See `Tell.epoch`."""
        self._tell.epoch(record)

    def log(self, text: str) -> None:
        """See `Tell.log`."""
        self._tell.log(text)


class DyingCheck(CheckImport):
    """The dry run, which may die."""

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:
        super().prepare(session, job, folder, blobs)
        come_to(control(), "check-prepared")

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        super().work(folder, blobs, DyingTell(tell, "check"))
        come_to(control(), "check-outcome")

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:
        result = super().finish(session, job, folder, blobs)
        session.flush()
        come_to(control(), "check-finished")
        return result


class DyingImport(Import):
    """The keeping, which may die."""

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:
        super().prepare(session, job, folder, blobs)
        come_to(control(), "import-prepared")

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        super().work(folder, blobs, DyingTell(tell, "import"))
        come_to(control(), "import-outcome")

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:
        result = super().finish(session, job, folder, blobs)
        session.flush()
        come_to(control(), "import-finished")
        return result


KINDS: dict[str, type[JobKind]] = {TrainingJobKind.CHECK_IMPORT: DyingCheck, TrainingJobKind.IMPORT: DyingImport}


def control() -> Path:
    """The folder by which the test steers."""
    return Path(os.environ[CONTROL])
