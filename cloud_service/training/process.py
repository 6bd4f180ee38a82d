"""A training worker's process: one job after the other, looked for when nudged and by the clock."""

import os
import socket
import threading
from datetime import timedelta
from functools import cache
from typing import Self

from sqlalchemy import Engine

from cloud_service.blob_store import BlobStore, open_blob_store
from cloud_service.config import Settings, settings
from cloud_service.database import engine, snapshot, transaction
from cloud_service.system.heartbeats import Pulse
from cloud_service.training.attempt import Attempt
from cloud_service.training.folders import JobFolders
from cloud_service.training.kinds import kind_of
from cloud_service.training.queue import Claim, KindLookup, claim_job, count_claimable, give_up_orphans
from cloud_service.training.upkeep import let_begin
from cloud_service.wakeup import Notifier, WakeUps
from shared.logs import get_logger

_CLOSE_SECONDS = 20.0

log = get_logger(__name__)


class TrainingProcess:
    """Takes jobs from the database, one at a time, in a thread of its own; Celery's messages only hasten it.

    A job takes hours, and a message that is not acknowledged is handed out anew after two minutes: so no message is
    held while a job goes on, and none that is lost is missed.

    Args:
        engine: of the database.
        blobs: where data sets and packages lie.
        wake_ups: wakes up those who watch.
        settings: lease, attempts, patience, threads, folder.
        find_kind: the kinds of jobs, by name.
    """

    def __init__(
        self,
        engine: Engine,
        blobs: BlobStore,
        wake_ups: WakeUps,
        settings: Settings,
        find_kind: KindLookup = kind_of,
    ) -> None:
        self._engine, self._blobs, self._wake_ups, self._settings = engine, blobs, wake_ups, settings
        self._find_kind = find_kind
        self._folders = JobFolders(settings.training_dir)
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._pulse = Pulse(engine, "training-worker", self.name)
        self._is_wanted, self._stopping = threading.Event(), threading.Event()
        self._now: Claim | None = None
        self._begun = 0
        # The processes of jobs die with the thread that starts them, so there is one, and it lives as long as this.
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)
        self._heart = threading.Thread(target=self._beat, name="training-pulse", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings, engine: Engine) -> Self:
        """Open what the settings name.

        Raises:
            ConfigurationError: a setting is not as it must be; the text says which and why.
        """
        notifier = Notifier(settings.redis_url.get_secret_value())
        return cls(engine, open_blob_store(settings), notifier, settings)

    def start(self) -> None:
        """Look for jobs from now on, and say that this process is there."""
        self._thread.start()
        self._heart.start()

    def look(self) -> None:
        """Look for a job at once, unless one is worked on."""
        self._is_wanted.set()

    def stop(self) -> None:
        """End the job's process and claim no other; safe to call from a signal handler."""
        self._stopping.set()
        self._is_wanted.set()

    def close(self) -> None:
        """Stop, wait until the job has been put back, and let go of connections."""
        self.stop()
        for thread in (self._thread, self._heart):
            if thread.is_alive():
                thread.join(_CLOSE_SECONDS)
        self._wake_ups.close()

    def run_one(self) -> bool:
        """Claim a job and work on it until it is over, waits, or is another worker's; False where there is none.

        Whatever error leaves this method, the job comes back when its lease runs out, with the attempt counted.
        """
        claim = self._claim()
        if claim is None:
            return False
        self._begun += 1
        self._now = claim
        try:
            self._attempt(claim)
        finally:
            self._now = None
        return True

    def sweep(self) -> None:
        """End the jobs that nobody will claim."""
        with transaction(self._engine) as session:
            given_up = give_up_orphans(session, self._find_kind, self._settings.training_max_attempts)
        if given_up:
            log.warning("training jobs ended that no worker held", jobs=given_up)
            self._wake_ups.changes()

    def _claim(self) -> Claim | None:
        with snapshot(self._engine) as session:  # looks far more often than it finds something
            self._folders.tidy(session)
            if not count_claimable(session):
                return None
        self.sweep()
        settings = self._settings
        lease = timedelta(seconds=settings.training_lease_seconds)
        with transaction(self._engine) as session:
            claim = claim_job(session, self.name, lease=lease, max_attempts=settings.training_max_attempts)
        if claim is not None:
            self._wake_ups.changes()
        return claim

    def _attempt(self, claim: Claim) -> None:
        attempt = Attempt(
            claim,
            self._find_kind(claim.kind),
            engine=self._engine,
            blobs=self._blobs,
            wake_ups=self._wake_ups,
            settings=self._settings,
            stopping=self._stopping,
        )
        attempt.run()

    def _run(self) -> None:
        """The thread's outermost loop."""
        while not self._stopping.is_set():
            self._is_wanted.clear()
            try:
                found = self.run_one()
            except Exception:
                log.exception("a training job's attempt broke off; it is tried again when its lease has run out")
                found = False
            if not found:
                self._is_wanted.wait(self._settings.sweep_seconds)

    def _beat(self) -> None:
        """The pulse's outermost loop."""
        while not self._stopping.wait(self._settings.sweep_seconds):
            try:
                self._pulse.beat_if_due(**self.about())
                self.let_begin()
            except Exception:
                log.exception(
                    "saying that this process is there, or looking for what is due, failed; it is tried again"
                )

    def let_begin(self) -> None:
        """Queue what is due by a schedule, and let trainings begin whose data set is there."""
        if let_begin(self._engine):
            self.look()
            self._wake_ups.changes()

    def about(self) -> dict[str, str | int | None]:
        """What people may want to know of this worker."""
        claim = self._now
        return {
            "job": str(claim.job_id) if claim else None,
            "kind": claim.kind if claim else None,
            "threads": self._settings.training_threads,
            "begun": self._begun,
        }


@cache
def current() -> TrainingProcess:
    """This process's own, made from the settings at the first call."""
    return TrainingProcess.from_settings(settings(), engine())
