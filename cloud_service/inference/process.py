"""An inference worker's process: put together once, called by the tasks, and by its own clock when no nudge comes."""

import os
import threading
import time
from functools import cache
from typing import Self

from sqlalchemy import Engine

from cloud_service.allocator import freeze_what_is_loaded, keep_freed_memory
from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings, settings
from cloud_service.database import engine, snapshot, transaction
from cloud_service.inference.claims import count_claimable, fail_exhausted
from cloud_service.inference.worker import InferenceWorker
from cloud_service.registry.beginning import begin
from cloud_service.registry.engines import improver_for
from cloud_service.registry.packages import prune_cache
from cloud_service.registry.served import loading
from cloud_service.registry.serving import Serving, needed_models
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
        self._told: object = None  # the models that the last heartbeat named
        self._clock = threading.Thread(target=self._watch, name="clock", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings, engine: Engine) -> Self:
        """Open what the settings name, and load the models that are in service; at first that of `model_dir`.

        Raises:
            PermanentError: the first model's package or a setting is not as it must be; the text says which and why.
            TransientError: the blob store is away.
            sqlalchemy.exc.OperationalError: the database is away.
        """
        keep_freed_memory(blocks_below=_KEPT_BLOCKS)
        blobs = open_blob_store(settings)
        begin(engine, blobs, settings)
        serving = Serving(loading(blobs, settings), improver=improver_for(settings))
        with snapshot(engine) as session:
            serving.refresh(session)
        serving.wait()
        notifier = Notifier(settings.redis_url.get_secret_value())
        worker = InferenceWorker(serving=serving, blob_store=blobs, engine=engine, notifier=notifier, settings=settings)
        return cls(worker, engine, notifier, settings)

    def start(self) -> None:
        """Look for jobs now and then, nudged or not, and say that this process is there."""
        freeze_what_is_loaded()
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
        """Run batches, and what the shadow has to do where none waits; return False where the time ran out first."""
        end = time.monotonic() + _RUN_SECONDS
        while not self._stopping.is_set():
            self._progress = time.monotonic()
            if self._progress > end:
                return False
            if not self._worker.run_batch() and not self._worker.run_shadow():
                break
        return True

    def _watch(self) -> None:
        """The clock thread's outermost loop."""
        pause = 0.0  # who waits for this process hears of it at once
        while not self._stopping.wait(pause):
            pause = self._settings.sweep_seconds
            try:
                self._tell()  # first: to look may become to work for a while
                self._look()
            except Exception:
                log.exception("looking for jobs failed; it is tried again")

    def _tell(self) -> None:
        """Say that this process is there; at once where other models answer than those that it told of."""
        about = self._worker.about()
        models = (about["models"], about["model_faults"], about["engine_notes"])
        if models != self._told:
            self._pulse.hurry()
            self._prune()
        self._pulse.beat_if_due(**about)
        self._told = models

    def _prune(self) -> None:
        """Remove the packages of models that other ones have taken the place of; the folder may be memory."""
        with snapshot(self._engine) as session:
            needed = needed_models(session)
        if gone := prune_cache(self._settings.model_cache_dir, needed):
            log.info("packages that are needed no more are removed from the cache", models=gone)

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
