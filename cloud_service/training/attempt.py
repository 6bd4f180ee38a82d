"""One attempt of a job: its process is prepared, started and watched to its end, and the job goes on from there."""

import errno
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.errors import LostClaimError
from cloud_service.models import TrainingJob, now
from cloud_service.training import queue
from cloud_service.training.folders import JobFolders
from cloud_service.training.kinds import OUTCOME_NAME, JobKind
from cloud_service.training.pipe import Message, noted_epochs
from cloud_service.training.queue import Claim, held_job
from cloud_service.training.running import JobProcess, ending_in_words
from cloud_service.training.service import fail, tell
from cloud_service.training.telling import News, Telling, write_epochs, write_news
from cloud_service.vocabulary import TrainingJobState
from cloud_service.wakeup import WakeUps
from shared.backoff import Backoff
from shared.errors import PermanentError, TransientError
from shared.logs import get_logger

LOOK_SECONDS = 1.0
"""How often the job's row is looked at while its process works."""
_RENEWALS = 4  # of a lease, within it
_DATABASE_WAITS = (0.2, 10.0)  # seconds

log = get_logger(__name__)


class Cut(Enum):
    """Why a process is ended before it ends by itself."""

    CANCELLED = auto()
    CLAIM_LOST = auto()
    STOPPING = auto()


class Attempt:
    """A claimed job's attempt.

    Args:
        claim: on the job.
        kind: of the job.
        engine: of the database.
        blobs: where data sets and packages lie.
        wake_ups: wakes up those who watch.
        settings: lease, attempts, patience, threads.
        stopping: set when this worker is to end; the process is ended then, and another worker goes on.
    """

    def __init__(
        self,
        claim: Claim,
        kind: JobKind,
        *,
        engine: Engine,
        blobs: BlobStore,
        wake_ups: WakeUps,
        settings: Settings,
        stopping: threading.Event,
    ) -> None:
        self._claim, self._kind = claim, kind
        self._engine, self._blobs, self._wake_ups, self._settings = engine, blobs, wake_ups, settings
        self._stopping = stopping
        self._folders = JobFolders(settings.training_dir)
        self._lease = timedelta(seconds=settings.training_lease_seconds)
        self._told: int | None = None  # the position of the newest event of this attempt's progress
        self._log = log.bind(job=str(claim.job_id), kind=claim.kind, attempt=claim.attempts)

    def run(self) -> None:
        """Work on the job until it is over, waits for another attempt, or is another worker's."""
        try:
            self._run()
        except LostClaimError as error:
            self._log.warning("a job went on without this worker", reason=str(error))

    def _run(self) -> None:
        try:
            folder = self._folders.of(self._claim.job_id)
            if not (folder / OUTCOME_NAME).exists():  # else the worker died between the work and its end
                self._work(folder)
            if (folder / OUTCOME_NAME).exists():
                self._settle(lambda session, job: self._finish(session, job, folder))
        except LostClaimError:
            raise
        except TransientError as error:
            self._postpone(str(error))
        except PermanentError as error:
            self._fail(str(error))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._postpone("The disk of the training worker is full. Free some space; the job then goes on by itself.")

    def _work(self, folder: Path) -> None:
        """Let a process work; settle the job unless it left an outcome."""
        self._settle(lambda session, job: self._kind.prepare(session, job, folder, self._blobs))
        with snapshot(self._engine) as session:
            earlier = session.get_one(TrainingJob, self._claim.job_id).log_tail
        telling = Telling(earlier)
        telling.note(Message(log=f"Attempt {self._claim.attempts} begins."))
        with JobProcess(self._kind, folder, self._settings) as process, _Watch(process, telling, self) as watch:
            self._log.info("a job's process runs", pid=process.pid)
            for message in process.messages():
                telling.note(message)
            code = process.wait()
            if code < 0:  # it could not say so itself
                telling.note(Message(log=ending_in_words(code, telling.last_line)))
        self._log.info("a job's process has ended", code=code, cut=watch.cut and watch.cut.name)
        self._judge(watch.cut, code, telling, has_outcome=(folder / OUTCOME_NAME).exists())

    def _judge(self, cut: Cut | None, code: int, telling: Telling, *, has_outcome: bool) -> None:
        if cut is Cut.CLAIM_LOST:
            raise LostClaimError("Its lease ran out while the database or this machine was away.")
        if cut is Cut.CANCELLED:
            self._fail("")
        elif telling.failure is not None and telling.failure.kind == "permanent":
            raise PermanentError(telling.failure.reason)
        elif telling.failure is not None:
            raise TransientError(telling.failure.reason)
        elif has_outcome:
            return
        elif cut is Cut.STOPPING:
            self._settle(queue.put_back)
        else:
            reason, most = ending_in_words(code, telling.last_line), self._settings.training_max_attempts
            self._log.warning("a job's process ended without an outcome", reason=reason)
            self._settle(lambda session, job: queue.try_again(session, job, self._kind, reason, most))

    def _finish(self, session: Session, job: TrainingJob, folder: Path) -> None:
        if job.cancel_asked_by is not None:
            fail(session, job, self._kind, "")
            return
        write_epochs(session, job, noted_epochs(folder).values())  # those that an earlier worker died with
        queue.finish(session, job, self._kind.finish(session, job, folder, self._blobs))

    def _postpone(self, reason: str) -> None:
        patience = timedelta(seconds=self._settings.transient_patience_seconds)
        self._log.warning("a job waits for a fault to pass", reason=reason)
        self._settle(lambda session, job: queue.postpone(session, job, self._kind, reason, patience))

    def _fail(self, reason: str) -> None:
        self._settle(lambda session, job: fail(session, job, self._kind, reason))

    def _settle(self, change: Callable[[Session, TrainingJob], None]) -> None:
        """Make a change under the claim, as soon as the database is there; clear the folder of a job that is over.

        Changing twice does no harm: where a commit went through whose answer was lost, the claim holds no longer.
        """
        waits = Backoff(*_DATABASE_WAITS)
        while True:
            try:
                with transaction(self._engine) as session:
                    job = held_job(session, self._claim)
                    change(session, job)
                    if job.state == TrainingJobState.RUNNING:  # the change may have taken long, and the work goes on
                        job.lease_until = now() + self._lease
            except OperationalError as error:
                self._log.warning("the database is away; a job's state is written later", reason=str(error.orig))
                if self._stopping.wait(waits.next()):
                    raise
            else:
                break
        if job.ended_at is not None:
            self._folders.clear(job)
        self._wake_ups.changes()

    def write(self, news: News | None, *, renew: bool) -> bool:
        """Write what is new, and hold the claim for longer; return whether somebody wants the job to end.

        Raises:
            LostClaimError: another worker has the job now.
            sqlalchemy.exc.OperationalError: the database is away.
        """
        if news is None and not renew:
            with snapshot(self._engine) as session:
                return queue.is_cancelled(session, self._claim)
        with transaction(self._engine) as session:
            job = held_job(session, self._claim)
            job.lease_until = now() + self._lease
            if news is not None:
                write_news(session, job, news)
                told = tell(session, job, instead_of=self._told)
            cancelled = job.cancel_asked_by is not None
        if news is not None:
            self._told = told
            self._wake_ups.changes()
        return cancelled

    @property
    def is_stopping(self) -> bool:
        """Whether this worker is to end."""
        return self._stopping.is_set()

    @property
    def renewal_seconds(self) -> float:
        """How often the claim is to be held for longer."""
        return self._lease.total_seconds() / _RENEWALS


class _Watch:
    """The thread beside a process that works: writes what it tells, holds the claim, ends the process where it must.

    At the end of its block it writes what is left; what broke it off is raised there.
    """

    def __init__(self, process: JobProcess, telling: Telling, attempt: Attempt) -> None:
        self._process, self._telling, self._attempt = process, telling, attempt
        self.cut: Cut | None = None
        """Why the process was ended, once the block is over; None where it ended by itself."""
        self._error: Exception | None = None
        self._is_over = threading.Event()
        self._renew_at = 0.0
        self._thread = threading.Thread(target=self._run, name="training-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._telling.close()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        """The thread's outermost loop: a process whose claim nobody holds must not work on."""
        try:
            self._watch()
        except Exception as error:
            log.exception("the watch over a job's process broke off; the process is ended")
            self._error = error
            self._process.stop()

    def _watch(self) -> None:
        while not self._is_over.is_set():
            self._look(LOOK_SECONDS)
            if self.cut is None and self._attempt.is_stopping:
                self.cut = Cut.STOPPING
            if self.cut is not None:
                self._process.stop()
                self._is_over.wait()
        if self.cut is not Cut.CLAIM_LOST:
            self._look(0.0)

    def _look(self, seconds: float) -> None:
        news = self._telling.take(seconds)
        renew = time.monotonic() >= self._renew_at
        try:
            if self._attempt.write(news, renew=renew):
                self.cut = Cut.CANCELLED
        except LostClaimError:
            self.cut = Cut.CLAIM_LOST
        except OperationalError as error:
            log.warning("the database is away; a job's process works on", reason=str(error.orig))
            if news is not None:
                self._telling.give_back(news)
            self._is_over.wait(LOOK_SECONDS)
        else:
            if renew or news:
                self._renew_at = time.monotonic() + self._attempt.renewal_seconds
