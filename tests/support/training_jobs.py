"""A cloud in which workers of the training queue count, and are killed."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import func, select

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.models import AuditEntry, Base, Event, TrainingEpoch, TrainingJob
from cloud_service.training.process import TrainingProcess
from cloud_service.training.queries import job_view
from cloud_service.training.schemas import TrainingJobView
from cloud_service.training.service import add_job, cancel_job, tell
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from tests.support.counting import ALICE, Counting
from tests.support.inference import CountingWakeUps, cloud_settings
from tests.support.processes import ServerProcess
from tests.support.waiting import PATIENCE, wait_until


class TrainingCloud:
    """A database, a blob store and a queue of jobs that count."""

    def __init__(self, folder: Path, database_url: str, **changes: Any) -> None:
        fast = {
            "training_dir": folder / "training",
            "training_lease_seconds": 2.0,
            "sweep_seconds": 0.2,
        }
        self.settings = cloud_settings(folder, database_url, **fast | changes)
        self.engine = make_engine(database_url)
        self.blobs = open_blob_store(self.settings)
        self.wake_ups = CountingWakeUps()
        self.control = folder / "control"
        self.control.mkdir()
        Base.metadata.create_all(self.engine)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def add(self, epochs: int = 3, kind: TrainingJobKind = TrainingJobKind.TRAIN, **parameters: Any) -> UUID:
        """Queue a job."""
        with transaction(self.engine) as session:
            given = {"epochs": epochs, "control": str(self.control)} | parameters
            job = add_job(session, ALICE, kind, str(UUID(int=7)), given)
            tell(session, job)
            return job.id

    def process(self, kind: type[Counting] = Counting, **changes: Any) -> TrainingProcess:
        """A worker in this process; `changes` replace settings."""
        settings = self.settings.model_copy(update=changes)
        return TrainingProcess(self.engine, self.blobs, self.wake_ups, settings, lambda _name: kind())

    def set(self, what: str, stage: str, text: str = "") -> Path:
        """Say what is to happen at a stage: see `Counting`."""
        file = self.control / f"{what}-{stage}"
        file.write_text(text)
        return file

    def came_to(self, stage: str) -> bool:
        """Whether somebody has come to a stage."""
        return (self.control / f"at-{stage}").exists()

    def job(self, job_id: UUID) -> TrainingJobView:
        with snapshot(self.engine) as session:
            return job_view(session, session.get_one(TrainingJob, job_id))

    def is_over(self, job_id: UUID) -> bool:
        return self.job(job_id).state.is_over

    def count(self, model: type[Base], *conditions: Any) -> int:
        """Rows of a table."""
        with snapshot(self.engine) as session:
            return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

    def states_told(self, job_id: UUID) -> list[str]:
        """The states that the job's events tell, in order, each once in a row."""
        with snapshot(self.engine) as session:
            events = select(Event.payload).where(Event.subject == str(job_id)).order_by(Event.position)
            states = [payload["state"] for payload in session.scalars(events)]
        return [state for number, state in enumerate(states) if number == 0 or states[number - 1] != state]

    def folder(self, job_id: UUID) -> Path:
        return self.settings.training_dir / "jobs" / str(job_id)


@contextmanager
def running(process: TrainingProcess) -> Iterator[TrainingProcess]:
    process.start()
    try:
        yield process
    finally:
        process.close()


def children() -> list[psutil.Process]:
    """The processes of jobs that this one has started."""
    return processes_of(os.getpid())


def processes_of(worker: int) -> list[psutil.Process]:
    """The processes of jobs that a worker has started, by its process id."""
    return [child for child in psutil.Process(worker).children() if _is_of_a_job(child)]


def _is_of_a_job(process: psutil.Process) -> bool:
    try:
        return "cloud_service.training.child" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended since it was listed; one that is not reaped yet counts as ended too
        return False


def cancel(cloud: TrainingCloud, job_id: UUID) -> None:
    with transaction(cloud.engine) as session:
        cancel_job(session, ALICE, job_id)


def assert_finished_once(cloud: TrainingCloud, job_id: UUID, epochs: int = 3) -> None:
    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.DONE, None)
    assert job.result == {"counted": epochs}
    assert [record.epoch for record in job.epochs] == list(range(1, epochs + 1))
    assert cloud.count(TrainingEpoch, TrainingEpoch.job_id == job_id) == epochs
    assert cloud.count(AuditEntry, AuditEntry.subject == str(job_id)) == 1
    wait_until(lambda: not cloud.folder(job_id).exists())  # a moment after the job's end


class TrainingWorker(ServerProcess):
    """A whole worker of the training queue in a process of its own (`tests.support.training_child`).

    Args:
        folder: for its settings and its log.
        settings: of the cloud it works for.
        kind: what it does, whatever a job's kind is.
    """

    def __init__(self, folder: Path, settings: Settings, kind: type[Counting] = Counting) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self._settings = folder / "settings.json"
        values = settings.model_dump(mode="json") | {"redis_url": settings.redis_url.get_secret_value()}
        self._settings.write_text(json.dumps(values))
        self._kind = kind.__name__

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        return [sys.executable, "-m", "tests.support.training_child", self._kind, self._settings]

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return self.log.exists() and '"child ready"' in self.log.read_text()

    def is_running(self) -> bool:
        """Whether it has not come to its end."""
        return self._running().poll() is None

    def kill_alone(self) -> None:
        """SIGKILL for the worker, and not for the process of its job."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Until it has ended by itself, or by its kind's hand."""
        self._running().wait(PATIENCE)
        self._process = None
