"""The intake: takes files as they become ready and puts them into the outbox. One thread; nothing stops it."""

import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from edge_agent.disk import DiskGuard
from edge_agent.intake.capture import (
    NO_FINGERPRINT,
    CaptureStore,
    PreparedCapture,
    PutOutcome,
    PutResult,
    Refusal,
)
from edge_agent.intake.stability import Clock, look_at
from edge_agent.intake.taking import Taking
from edge_agent.intake.watcher import Watcher
from shared.backoff import pause
from shared.errors import TransientError
from shared.logs import get_logger
from shared.vocabulary import RefusalKind

FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 60.0
_LONGEST_SLEEP = 0.5  # seconds until a stop is seen

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IntakeStatus:
    """The intake at one moment.

    Attributes:
        taken: captures put into the outbox since the start.
        duplicates: files that held a capture which stood there already, since the start.
        refused: files refused since the start; the outbox has the list.
        waiting: files seen and not handled yet.
        retrying: files that cannot be read at present, each with the reason.
        alarms: what a person has to mend, in plain words.
    """

    taken: int
    duplicates: int
    refused: int
    waiting: int
    retrying: tuple[tuple[Path, str], ...]
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Retry:
    due: float
    attempt: int
    reason: str


class Intake:
    """Watcher → `Taking.take` → outbox."""

    def __init__(
        self,
        watcher: Watcher,
        taking: Taking,
        store: CaptureStore,
        guard: DiskGuard,
        clock: Clock = time.monotonic,
    ) -> None:
        self._watcher = watcher
        self._taking = taking
        self._store = store
        self._guard = guard
        self._clock = clock
        self._retries: dict[Path, _Retry] = {}
        self._told: dict[Path, str] = {}
        self._disk_alarm: str | None = None
        self._taken = self._duplicates = self._refused = 0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        This is the outermost loop of its thread: an error that nobody foresaw costs the file at hand, which the next
        scan brings back, and not the intake.
        """
        self._watcher.start()
        try:
            while not stop.is_set():
                try:
                    busy = self.step()
                except Exception as error:  # noqa: BLE001 - the outermost loop of this thread
                    _log_unforeseen(error)
                    stop.wait(_LONGEST_SLEEP)
                    continue
                if self._disk_alarm is not None:
                    stop.wait(_LONGEST_SLEEP)  # the watcher would not sleep: it has work that must wait
                elif not busy:
                    self._watcher.wait(_LONGEST_SLEEP)
        finally:
            self._watcher.stop()

    def step(self) -> bool:
        """Handle one file if one is ready; whether it did. With too little disk nothing is touched."""
        self._check_disk()
        if self._disk_alarm is not None:
            return False
        self._bring_back_retries()
        path = self._watcher.next_file()
        if path is None:
            return False
        self._handle(path)
        return True

    def status(self) -> IntakeStatus:
        """How things stand; may be asked from any thread."""
        retrying = tuple((path, retry.reason) for path, retry in self._retries.copy().items())
        disk = () if self._disk_alarm is None else (self._disk_alarm,)
        return IntakeStatus(
            taken=self._taken,
            duplicates=self._duplicates,
            refused=self._refused,
            waiting=self._watcher.waiting,
            retrying=retrying,
            alarms=(*disk, *self._watcher.alarms),
        )

    def _handle(self, path: Path) -> None:
        try:
            if not self._store.is_known(path, look_at(path)):
                self._put_or_refuse(self._taking.take(path))
        except TransientError as error:
            self._retry_later(path, str(error))
        else:
            self._retries.pop(path, None)

    def _put_or_refuse(self, taken: PreparedCapture | Refusal) -> None:
        if isinstance(taken, PreparedCapture):
            with taken.payload:
                self._put(taken)
        else:
            self._refuse(taken)

    def _put(self, capture: PreparedCapture) -> None:
        outcome = self._store.put(capture)
        self._told.pop(capture.path, None)
        match outcome.result:
            case PutResult.NEW:
                self._taken += 1
                _log.info("taken", capture=str(outcome.capture_id), verdict=str(capture.quality.verdict))
            case PutResult.DUPLICATE:
                self._duplicates += 1
                _log.info("the same content once more", capture=str(outcome.capture_id))
            case PutResult.CONFLICT:
                self._refuse(_conflict(capture, outcome))

    def _refuse(self, refusal: Refusal) -> None:
        """Note a refusal once, though a file without a fingerprint comes back with each scan."""
        if refusal.fingerprint == NO_FINGERPRINT and self._told.get(refusal.path) == refusal.reason:
            return
        self._store.refuse(refusal)
        self._refused += 1
        _log.warning("refused", kind=refusal.kind, reason=refusal.reason)
        if refusal.fingerprint == NO_FINGERPRINT:
            self._told[refusal.path] = refusal.reason

    def _retry_later(self, path: Path, reason: str) -> None:
        attempt = self._retries[path].attempt + 1 if path in self._retries else 0
        due = self._clock() + pause(attempt, FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        self._retries[path] = _Retry(due, attempt, reason)
        _log.info("tried again later", reason=reason, attempt=attempt)

    def _bring_back_retries(self) -> None:
        now = self._clock()
        for path, retry in self._retries.items():
            if retry.due <= now:
                self._retries[path] = _Retry(now + LONGEST_RETRY_SECONDS, retry.attempt, retry.reason)
                self._watcher.notice(path)

    def _check_disk(self) -> None:
        alarm = self._guard.alarm()
        if (alarm is None) != (self._disk_alarm is None):
            _log.warning("disk", alarm=alarm or "There is room again; captures are taken in.")
        self._disk_alarm = alarm


def _log_unforeseen(error: Exception) -> None:
    """Say what and where, but not the error's own text: it may hold a file's name, and with it an accession."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "intake error; the file is tried again at the next scan",
        error=type(error).__name__,
        where=f"{Path(place.filename).name}:{place.lineno}",
    )


def _conflict(capture: PreparedCapture, outcome: PutOutcome) -> Refusal:
    return Refusal(
        capture.path,
        capture.fingerprint,
        RefusalKind.OTHER_ACCESSION,
        f"the very same image was taken in before, as capture {outcome.capture_id}, for another accession: one of the"
        " two must be wrong, so nothing was sent for this file; correct its accession or take the image again",
    )
