"""Which model answers for which site, as an inference worker knows it.

Before each batch the worker lets `refresh` ask the database: one small query. A model that came into service is loaded
in a thread meanwhile, and takes over between two batches; until then, and where it cannot be loaded, the one before it
goes on. What is loaded may be made better after that, while it answers already (say by a TensorRT engine that takes
minutes to build), and is exchanged between two batches too.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from logging import INFO, WARNING
from typing import Any

from sqlalchemy import Float, cast, null, select, union_all
from sqlalchemy.orm import Session

from cloud_service.ml.engines.bindings import NoGpuError
from cloud_service.models import EVERYWHERE, ModelActivation, ModelVersion, ShadowRun
from cloud_service.registry.served import Improver, Load, ServedModel
from shared.errors import SmearflowError, TransientError
from shared.logs import get_logger

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 10.0, 600.0
_MOST_DOUBLINGS = 6  # lead beyond the longest wait; after a week of faults, a power of 2 would be no number any more

_NEEDED = union_all(
    select(ModelActivation.scope, ModelActivation.model_digest, cast(null(), Float).label("share")).where(
        ModelActivation.until_at.is_(None)
    ),
    select(ShadowRun.scope, ShadowRun.model_digest, ShadowRun.share).where(ShadowRun.ended_at.is_(None)),
)

log = get_logger(__name__)


def needed_models(session: Session) -> set[str]:
    """Digests of the models that are in service or run in the shadow, anywhere."""
    return {row.model_digest for row in session.execute(_NEEDED)}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a model could not be loaded, and when that is tried again."""

    reason: str
    tries: int
    again_at: float  # of the clock, seconds


@dataclass(frozen=True, slots=True)
class Shadow:
    """A model that answers a share of the captures beside the one in service."""

    digest: str
    scope: str
    share: float  # in (0, 1]


class Serving:
    """Holds the models that a worker needs, and no others.

    `refresh` and the questions after it are for the thread that works; `about` may be asked by another one.

    Args:
        load: makes a version ready; called in a thread of its own, one version at a time.
        clock: monotonic seconds.
        improver: makes a faster one of what was loaded, likewise, and once for each model that is loaded.
    """

    def __init__(
        self, load: Load, clock: Callable[[], float] = time.monotonic, improver: Improver | None = None
    ) -> None:
        self._load = load
        self._clock = clock
        self._improver = improver
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._second_thread = ThreadPoolExecutor(1, thread_name_prefix="engines")
        self._lock = threading.Condition()
        self._in_service: dict[str, str] = {}  # digest by scope, as the database has it
        self._shadows: Sequence[Shadow] = ()
        self._answering: dict[str, ServedModel] = {}  # by scope, as this process does
        self._loaded: dict[str, ServedModel] = {}
        self._loading: set[str] = set()
        self._faults: dict[str, Fault] = {}
        self._why_not_better: dict[str, str] = {}

    def refresh(self, session: Session) -> None:
        """Learn what is in service now, and begin to load what is missing."""
        rows = session.execute(_NEEDED).all()
        with self._lock:
            self._in_service = {row.scope: row.model_digest for row in rows if row.share is None}
            self._shadows = [Shadow(row.model_digest, row.scope, row.share) for row in rows if row.share is not None]
            self._settle()
            missing = self._missing()
        if missing:
            self._begin(session.scalars(select(ModelVersion).where(ModelVersion.digest.in_(missing))).all(), session)

    def wait(self) -> None:
        """Wait until nothing is being loaded; for the start, where there is no model that could go on meanwhile."""
        with self._lock:
            self._lock.wait_for(lambda: not self._loading)

    def model_for(self, site: str) -> ServedModel | None:
        """The model that answers for a site; None: none that is in service for it could be loaded yet."""
        with self._lock:
            return self._answering.get(site) or self._answering.get(EVERYWHERE)

    def why_none(self, site: str) -> str:
        """Why no model answers for a site, in a sentence or two."""
        with self._lock:
            digest = self._in_service.get(site, self._in_service.get(EVERYWHERE))
            fault = self._faults.get(digest) if digest else None
        if digest is None:
            return f"No model is in service for site {site}. Put one into service; the analysis then goes on by itself."
        told = fault.reason if fault else "It is being loaded."
        return f"The model in service for site {site}, {digest[:12]}, cannot answer yet. {told}"

    def shadows_of(self, site: str) -> list[Shadow]:
        """The shadow runs that cover a site; those everywhere leave sites alone that have a model of their own."""
        with self._lock:
            scopes = {site} if site in self._in_service else {site, EVERYWHERE}
            return [shadow for shadow in self._shadows if shadow.scope in scopes]

    def in_the_shadow(self, digest: str) -> ServedModel | None:
        """A model that runs in the shadow; None: it does so no more, or is not loaded."""
        with self._lock:
            is_running = any(shadow.digest == digest for shadow in self._shadows)
            return self._loaded.get(digest) if is_running else None

    def about(self) -> dict[str, Any]:
        """What people may want to know, fit for JSON: which models answer, and which could not be loaded."""
        with self._lock:
            everywhere = self._answering.get(EVERYWHERE)
            return {
                "model": everywhere.name if everywhere else None,
                "model_digest": everywhere.digest if everywhere else None,
                "runtime": everywhere.runtime.name if everywhere else None,
                "models": [
                    {"scope": scope, "model": model.name, "digest": model.digest, "runtime": model.runtime.name}
                    for scope, model in sorted(self._answering.items())
                ],
                "model_faults": [fault.reason for _, fault in sorted(self._faults.items())],
                "engine_notes": [reason for _, reason in sorted(self._why_not_better.items())],
            }

    def close(self) -> None:
        """Load nothing more; waits for what is being loaded, and has what is being improved given up."""
        self._thread.shutdown(cancel_futures=True)
        if self._improver:
            self._improver.close()
        self._second_thread.shutdown(cancel_futures=True)

    def _needed(self) -> set[str]:
        return {*self._in_service.values(), *(shadow.digest for shadow in self._shadows)}

    def _missing(self) -> set[str]:
        """Digests of the models that should be loaded now."""
        at = self._clock()
        waiting = {digest for digest, fault in self._faults.items() if fault.again_at > at}
        return self._needed() - self._loaded.keys() - self._loading - waiting

    def _begin(self, versions: Iterable[ModelVersion], session: Session) -> None:
        for version in versions:
            session.expunge(version)  # the other thread reads it, whatever becomes of this transaction
            with self._lock:
                self._loading.add(version.digest)
            future = self._thread.submit(self._load, version)
            future.add_done_callback(partial(self._end, version.digest))

    def _end(self, digest: str, done: "Future[ServedModel]") -> None:
        """Take what was loaded, or note why it was not; called by the thread that loads."""
        if done.cancelled():
            return
        error = done.exception()
        with self._lock:
            self._loading.discard(digest)
            if error is None:
                self._loaded[digest] = done.result()
                self._faults.pop(digest, None)
                self._begin_to_improve(done.result())
            else:
                self._faults[digest] = self._fault(digest, error)
            self._settle()
            self._lock.notify_all()

    def _begin_to_improve(self, model: ServedModel) -> None:
        if self._improver is None:
            return
        self._why_not_better[model.digest] = f"A faster runtime for model {model.digest[:12]} is being looked for."
        with suppress(RuntimeError):  # `close` has been called
            future = self._second_thread.submit(self._improver.improve, model)
            future.add_done_callback(partial(self._end_improving, model))

    def _end_improving(self, model: ServedModel, done: "Future[ServedModel]") -> None:
        """Exchange a model for the better one, or note why there is none; it is not tried again by this process."""
        if done.cancelled():
            return
        error = done.exception()
        with self._lock:
            self._why_not_better.pop(model.digest, None)
            if self._loaded.get(model.digest) is not model:
                return  # it is no longer needed
            if error is None:
                self._loaded[model.digest] = done.result()
                log.info("a faster runtime takes over", digest=model.digest, runtime=done.result().runtime.name)
            else:
                self._why_not_better[model.digest] = str(error)
                log.log(
                    INFO if isinstance(error, NoGpuError) else WARNING,  # most machines have none
                    "a model goes on in the runtime that it has",
                    digest=model.digest,
                    runtime=model.runtime.name,
                    reason=str(error),
                    exc_info=None if isinstance(error, SmearflowError) else error,
                )
            self._settle()

    def _fault(self, digest: str, error: BaseException) -> Fault:
        """What does not mend itself is tried again too, as a person may have mended it; seldom, and not in a loop."""
        tries = self._faults[digest].tries + 1 if digest in self._faults else 1
        doublings = min(tries - 1, _MOST_DOUBLINGS)
        pause = _FIRST_WAIT_SECONDS * 2**doublings if isinstance(error, TransientError) else _LONGEST_WAIT_SECONDS
        pause = min(pause, _LONGEST_WAIT_SECONDS)
        reason = str(error) if isinstance(error, SmearflowError) else f"{type(error).__name__}: {error}"
        unforeseen = None if isinstance(error, SmearflowError) else error
        log.error(
            "a model cannot be loaded; the one before it goes on",
            digest=digest,
            reason=reason,
            again_in_seconds=pause,
            exc_info=unforeseen,
        )
        return Fault(reason, tries, self._clock() + pause)

    def _settle(self) -> None:
        """Let the models that are in service and loaded answer, and let go of what is needed no more."""
        for scope in self._answering.keys() - self._in_service.keys():
            del self._answering[scope]
        for scope, digest in self._in_service.items():
            former, model = self._answering.get(scope), self._loaded.get(digest)
            if model is not None and model is not former:
                self._answering[scope] = model
                log.info(
                    "a model answers", scope=scope, model=model.name, digest=digest, former=former and former.digest
                )
        needed = self._needed()
        kept = needed | {model.digest for model in self._answering.values()}
        self._loaded = {digest: model for digest, model in self._loaded.items() if digest in kept}
        self._faults = {digest: fault for digest, fault in self._faults.items() if digest in needed}
        self._why_not_better = {digest: why for digest, why in self._why_not_better.items() if digest in kept}
