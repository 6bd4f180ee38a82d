"""The agent: puts its parts together, starts and supervises their threads, and ends them in order."""

import os
import queue
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from time import monotonic
from types import FrameType
from uuid import UUID

from edge_agent.agent_lock import AgentLock
from edge_agent.allocator import share_one_arena
from edge_agent.config import EdgeConfig, load_config
from edge_agent.credentials import EdgeSecrets
from edge_agent.disk import DiskGuard
from edge_agent.intake.capture import Fingerprint, PreparedCapture, PutOutcome, PutResult, Refusal
from edge_agent.intake.identify import Identifier
from edge_agent.intake.intake import Intake
from edge_agent.intake.taking import Taking
from edge_agent.intake.watcher import Watcher
from edge_agent.link.events import LinkState
from edge_agent.link.flight import Pace
from edge_agent.link.publisher import Publisher
from edge_agent.link.sender import Sender
from edge_agent.outbox.outbox import Outbox
from edge_agent.retention.releaser import Releaser
from edge_agent.retention.retention import Retention
from edge_agent.status_file import HEARTBEAT_SECONDS, AgentReport
from shared.errors import ConfigurationError
from shared.logs import get_logger
from shared.topics import DeviceAddress

log = get_logger(__name__)

_STOP_SECONDS = 15.0


class Ending(Enum):
    """Why the agent ended."""

    ASKED = auto()  # by a signal
    RELOAD = auto()  # to begin again with the settings as they are now
    FAILED = auto()  # a thread died; the process must be started again


class _WakingStore:
    """The outbox as the intake sees it: what is put is sent at once."""

    def __init__(self, outbox: Outbox, on_put: Callable[[PutOutcome], None]) -> None:
        self._outbox = outbox
        self._on_put = on_put

    def put(self, capture: PreparedCapture) -> PutOutcome:
        outcome = self._outbox.put(capture)
        self._on_put(outcome)
        return outcome

    def refuse(self, refusal: Refusal) -> None:
        self._outbox.refuse(refusal)

    def is_known(self, path: Path, fingerprint: Fingerprint) -> bool:
        return self._outbox.is_known(path, fingerprint)


class Agent:
    """All parts of one device, made from its settings; `run` once.

    Raises:
        ConfigurationError: another agent runs on the same state, or the outbox cannot be used.
    """

    def __init__(self, config_file: Path, config: EdgeConfig, secrets: EdgeSecrets) -> None:
        self._config_file = config_file
        self._config = config
        self._started_at = datetime.now(UTC)
        # Simple queues may be used in signal handlers; None only asks for a new status file.
        self._endings: queue.SimpleQueue[Ending | None] = queue.SimpleQueue()
        self._lock = AgentLock(config.state_dir)
        self._outbox = Outbox(config.state_dir)
        self._outbox.recover()
        self._counts = self._outbox.counts()
        self._link = LinkState(connected=False, since=self._started_at, paused=self._outbox.paused())
        self._releaser = Releaser(self._outbox, Retention(config.retention, config.watch.folders))
        self._sender = Sender(
            outbox=self._outbox,
            address=DeviceAddress(config.site, config.device),
            pace=Pace(part_size=config.sending.part_size, window=config.sending.window),
            open_line=partial(
                Publisher,
                broker=config.broker,
                device=config.device,
                password=secrets.broker_password.get_secret_value(),
            ),
            listener=self,
        )
        self._intake = Intake(
            Watcher(config.watch, self._outbox.is_known, monotonic),
            Taking(
                Identifier(config.identification),
                config.images.limits,
                secrets.pseudonym_key_bytes,
                drafts=config.state_dir,
            ),
            _WakingStore(self._outbox, self._put),
            DiskGuard(config.state_dir, config.retention.free_disk_minimum_bytes),
        )
        self._stop_intake = threading.Event()

    def run(self) -> Ending:
        """Work until a signal, a reload or the death of a thread; everything is closed when this returns."""
        threading.excepthook = self._thread_died
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        threads = [
            threading.Thread(target=self._until_end, args=(work,), name=name, daemon=True)
            for name, work in (
                ("intake", partial(self._intake.run, self._stop_intake)),
                ("sender", self._sender.run),
                ("releaser", self._releaser.run),
            )
        ]
        for thread in threads:
            thread.start()
        log.info("started", site=self._config.site, device=self._config.device, pid=os.getpid())
        ending = self._wait_for_ending()
        log.info("ending", why=ending.name.lower())
        return self._end(threads, ending)

    def stored(self, capture_id: UUID) -> None:
        """See edge_agent.link.sender.Listener."""
        self._releaser.wake(capture_id)

    def link_changed(self, state: LinkState) -> None:
        """See edge_agent.link.sender.Listener."""
        self._link = state
        self._endings.put(None)

    def reload(self) -> None:
        """See edge_agent.link.sender.Listener; settings that are wrong change nothing but raise an alarm."""
        try:
            load_config(self._config_file)
        except ConfigurationError as error:
            self._outbox.raise_alarm(f"Told to read the settings again, but: {error}")
        else:
            self._endings.put(Ending.RELOAD)

    def _put(self, outcome: PutOutcome) -> None:
        if outcome.result is PutResult.NEW:
            self._sender.wake()
        elif outcome.result is PutResult.DUPLICATE:
            self._releaser.wake(outcome.capture_id)  # its capture may be stored already

    def _wait_for_ending(self) -> Ending:
        while True:
            self._write_report()
            try:
                ending = self._endings.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                if self._has_news():
                    self._sender.wake()
                continue
            if ending is not None:
                return ending

    def _has_news(self) -> bool:
        """Whether there is something to send or to tell: files were refused, or `outbox retry` ran beside the agent."""
        before, self._counts = self._counts, self._outbox.counts()
        return self._counts != before or self._outbox.seconds_to_next() == 0.0

    def _end(self, threads: list[threading.Thread], ending: Ending) -> Ending:
        self._stop_intake.set()
        self._sender.stop()
        self._releaser.stop()
        deadline = monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
        if any(thread.is_alive() for thread in threads):
            log.error("threads did not end in time", threads=[thread.name for thread in threads if thread.is_alive()])
            return Ending.FAILED  # their connections stay open until the process ends
        self._link = replace(self._link, connected=False, cloud_online=False)
        self._write_report()
        self._outbox.close()
        self._lock.release()
        return ending

    def _until_end(self, work: Callable[[], None]) -> None:
        """A thread's outermost frame: should `work` end while nobody asked for it, the process ends, too."""
        try:
            work()
        finally:
            self._endings.put(Ending.FAILED)

    def _thread_died(self, arguments: threading.ExceptHookArgs) -> None:
        """Also for threads of libraries: the MQTT client's would otherwise die unseen."""
        thread = arguments.thread.name if arguments.thread else "unknown"
        trace = (arguments.exc_type, arguments.exc_value or arguments.exc_type(), arguments.exc_traceback)
        log.critical("thread died", thread=thread, exc_info=trace)
        self._endings.put(Ending.FAILED)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._endings.put(Ending.ASKED)

    def _write_report(self) -> None:
        report = AgentReport.of(
            pid=os.getpid(), started_at=self._started_at, link=self._link, intake=self._intake.status()
        )
        try:
            report.write(self._config.state_dir)
        except OSError as error:
            log.warning("status file not written", reason=error.strerror)


def run(config_file: Path) -> Ending:
    """Run the agent with the settings of this file, again after each reload.

    Raises:
        ConfigurationError: settings, secrets or outbox are wrong.
    """
    share_one_arena()
    ending = Ending.RELOAD
    while ending is Ending.RELOAD:
        config = load_config(config_file)
        ending = Agent(config_file, config, EdgeSecrets.load(config.secrets_file)).run()
    return ending
