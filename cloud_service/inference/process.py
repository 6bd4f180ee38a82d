"""An inference worker's process: put together once, called by the tasks, and by its own clock when no nudge comes."""

import os
import threading
import time
from functools import cache
from typing import Self

from sqlalchemy import Engine

from cloud_service.allocator import keep_freed_memory
from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings, settings
from cloud_service.database import engine, transaction
from cloud_service.inference.claims import count_claimable, fail_exhausted
from cloud_service.inference.worker import InferenceWorker
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.system.heartbeats import Pulse
from cloud_service.wakeup import Notifier, WakeUps
from shared.logs import get_logger

_RUN_SECONDS = 15.0  # well below the broker's visibility time-out
_STALLED_LEASES = 3.0
_KEPT_BLOCKS = 16 * 1024 * 1024  # bytes; what a batch takes is smaller
_EXIT_STALLED = 70  # EX_SOFTWARE of sysexits.h

log = get_logger(__name__)


class InferenceProcess:
    """Runs a worker: on a task's call, and by itself where nothing ran for a while, so that Redis is no condition.

    One batch at a time, whoever calls.
    """

    def __init__(self, worker: InferenceWorker, engine: Engine, notifier: WakeUps, settings: Settings) -> None:
        self._worker = worker
        self._engine = engine
        self._notifier = notifier
        self._settings = settings
        self._running = threading.Lock()
        self._stopping = threading.Event()
        self._progress = time.monotonic()
        self._pulse = Pulse(engine, "worker", worker.name)
        self._clock = threading.Thread(target=self._watch, name="clock", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings, engine: Engine) -> Self:
        """Load the model package and open what the settings name.

        Raises:
            PermanentError: the model package or a setting is not as it must be; the text says which and why.
        """
        keep_freed_memory(blocks_below=_KEPT_BLOCKS)
        package = load_package(settings.model_dir)
        notifier = Notifier(settings.redis_url.get_secret_value())
        worker = InferenceWorker(
            runtime=load_runtime(package, settings.runtime, settings.runtime_threads),
            package=package,
            blob_store=open_blob_store(settings),
            engine=engine,
            notifier=notifier,
            settings=settings,
        )
        log.info("model loaded", model=package.card.name, version=package.card.version, digest=package.digest)
        return cls(worker, engine, notifier, settings)

    def start(self) -> None:
        """Look for jobs now and then, nudged or not, and say that this process is there."""
        self._clock.start()

    def stop(self) -> None:
        """Finish the batch under way and claim no other; safe to call from a signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Stop, wait for the batch under way, and let go of threads and connections."""
        self.stop()
        if self._clock.is_alive():
            self._clock.join(self._settings.claim_lease_seconds)
        self._worker.close()
        self._notifier.close()

    def run(self) -> None:
        """Analyse until nothing is claimable; after 15 seconds hand over to a new nudge: a sweep gets its turn."""
        with self._running:
            if not self._drain():
                self._notifier.inference()

    def sweep(self) -> None:
        """Give up jobs without attempts left; nudge a worker where jobs wait that no nudge has reached."""
        with transaction(self._engine) as session:
            failed = fail_exhausted(session, self._settings.max_attempts)
            waiting = count_claimable(session)
        if failed:
            log.warning("analyses given up", captures=failed, attempts=self._settings.max_attempts)
            self._notifier.changes()
        if waiting:
            self._notifier.inference()

    def _drain(self) -> bool:
        """Run batches; return False where the time ran out first."""
        end = time.monotonic() + _RUN_SECONDS
        while not self._stopping.is_set():
            self._progress = time.monotonic()
            if self._progress > end:
                return False
            if not self._worker.run_batch():
                break
        return True

    def _watch(self) -> None:
        """The clock thread's outermost loop."""
        while not self._stopping.wait(self._settings.sweep_seconds):
            try:
                self._pulse.beat_if_due(**self._worker.about())  # first: to look may become to work for a while
                self._look()
            except Exception:
                log.exception("looking for jobs failed; it is tried again")

    def _look(self) -> None:
        idle = time.monotonic() - self._progress
        if self._running.acquire(blocking=False):
            try:
                if idle >= self._settings.sweep_seconds:
                    self.sweep()
                    self._drain()
            finally:
                self._running.release()
        elif idle > _STALLED_LEASES * self._settings.claim_lease_seconds:
            # Nothing in this process mends a thread that hangs; a supervisor's restart does, and the leases are out.
            log.critical("a batch hangs; the process ends", seconds=idle)
            os._exit(_EXIT_STALLED)


@cache
def current() -> InferenceProcess:
    """This process's own, made from the settings at the first call."""
    return InferenceProcess.from_settings(settings(), engine())
