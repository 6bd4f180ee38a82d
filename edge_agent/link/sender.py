"""The sender: one thread that owns the line, the courier and the inbox, connection after connection."""

import queue
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Protocol
from uuid import UUID, uuid4

from edge_agent.link.commands import Commands
from edge_agent.link.courier import Courier
from edge_agent.link.events import Disconnected, LinkEvent, LinkProblem, LinkState, Published
from edge_agent.link.flight import Outgoing, Pace
from edge_agent.link.inbox import Inbox
from edge_agent.link.session import Line, Session
from edge_agent.outbox.outbox import Outbox
from shared.backoff import Backoff
from shared.errors import TransientError
from shared.logs import get_logger
from shared.messages import DeviceStatus
from shared.topics import DeviceAddress
from shared.vocabulary import Presence

log = get_logger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 15.0  # so that a line that is back is used soon, and edges of one broker come back spread
_SELDOM_SECONDS = 60.0  # where only a person can mend what is wrong
_STEADY_SECONDS = 5.0  # a connection that held so long was no failed try
_FAREWELL_SECONDS = 2.0
_Signal = tuple[int, LinkEvent] | None  # with the number of its connection; None only wakes


class OpenLine(Protocol):
    """Makes a line that is not connected yet (edge_agent.link.publisher.Publisher, but for its settings)."""

    def __call__(self, *, will: Outgoing, emit: Callable[[LinkEvent], None]) -> Line:
        """A line with this last will, whose events go to `emit`."""


class Listener(Protocol):
    """Who learns what happens; called on the sender's thread, so each method must return at once."""

    def stored(self, capture_id: UUID) -> None:
        """The cloud's receipt for this capture stands."""

    def link_changed(self, state: LinkState) -> None:
        """The line came up or went down, the cloud came or went, the device was paused or resumed."""

    def reload(self) -> None:
        """The cloud tells the device to read its settings again."""


class Sender:
    """Keeps a connection while it can, and sends over it what waits in the outbox.

    Args:
        listener: learns what others need to know.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        address: DeviceAddress,
        pace: Pace,
        open_line: OpenLine,
        listener: Listener,
    ) -> None:
        self._outbox = outbox
        self._address = address
        self._open_line = open_line
        self._listener = listener
        self._signals: queue.SimpleQueue[_Signal] = queue.SimpleQueue()
        self._stopping = False
        self._woken = False
        self._generation = 0
        self._link = LinkState(connected=False, since=datetime.now(UTC), paused=outbox.paused())
        jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._seldom = Backoff(_SELDOM_SECONDS, _SELDOM_SECONDS)
        self._courier = Courier(outbox=outbox, address=address, pace=pace, on_stored=listener.stored, jitter=jitter)
        self._courier.pause(paused=self._link.paused)
        self._commands = Commands(outbox=outbox, courier=self._courier, on_reload=listener.reload)

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            began = time.monotonic()
            end = self._connection()
            if end is None:
                continue
            if time.monotonic() - began > _STEADY_SECONDS:
                self._backoff.reset()
            backoff = self._seldom if end.problem.needs_a_person else self._backoff
            delay = backoff.next()
            log.warning("no connection", problem=end.problem, detail=end.detail, retry_in_seconds=round(delay, 1))
            self._rest(delay)

    def stop(self) -> None:
        """Take leave of the broker and end `run` soon; may be called on any thread."""
        self._stopping = True
        self._signals.put(None)

    def wake(self) -> None:
        """There is something new in the outbox; may be called on any thread."""
        self._woken = True
        self._signals.put(None)

    def _connection(self) -> Disconnected | None:
        """One connection, from its try to its end; None where it was ended on purpose."""
        self._generation += 1  # whatever a former connection still says is dropped
        status = partial(self._status, session=uuid4())
        will = Outgoing(0, self._address.status(), status(Presence.OFFLINE).encode(), retain=True)
        line = self._open_line(will=will, emit=partial(self._emit, self._generation))
        inbox = Inbox(
            outbox=self._outbox,
            courier=self._courier,
            commands=self._commands,
            address=self._address,
            on_cloud=self._cloud_seen,
        )
        session = Session(
            line=line, courier=self._courier, inbox=inbox, address=self._address, status=status, now=time.monotonic()
        )
        line.connect()
        try:
            end = self._serve(session)
        except TransientError as error:
            end = Disconnected(LinkProblem.OUTBOX, str(error))
        finally:
            self._courier.line_down()
            line.close()
        self._report(connected=False, cloud_online=False, end=end)
        return end

    def _serve(self, session: Session) -> Disconnected | None:
        while not self._stopping:
            now = time.monotonic()
            end = session.pump(now)
            if end is None:
                event = self._next_event(session.wake_at())
                now = time.monotonic()
                if event is not None:
                    end = session.handle(event, now)
                elif self._woken:
                    self._woken = False
                    self._courier.look_again()
                    session.status_changed(now)
            if end is not None:
                return end
            if session.ready:
                self._report(connected=True, cloud_online=self._link.cloud_online, end=None)
        self._say_farewell(session)
        return None

    def _say_farewell(self, session: Session) -> None:
        """Tell that the device goes away, and give the broker a moment to take it."""
        message_id = session.farewell()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while message_id is not None and time.monotonic() < deadline:
            match self._next_event(deadline):
                case Published(found) if found == message_id:
                    return
                case Disconnected():
                    return

    def _next_event(self, until: float | None) -> LinkEvent | None:
        """The next event of the present connection; None at the time `until`, or when somebody wakes."""
        while True:
            try:
                signal = self._signals.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            except queue.Empty:
                return None
            if signal is None or signal[0] == self._generation:
                return signal[1] if signal else None

    def _rest(self, seconds: float) -> None:
        """Wait; only `stop` ends it early."""
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            self._next_event(until)

    def _emit(self, generation: int, event: LinkEvent) -> None:
        self._signals.put((generation, event))

    def _cloud_seen(self, online: bool) -> None:  # noqa: FBT001 - a callback's only argument
        self._report(connected=True, cloud_online=online, end=None)

    def _report(self, *, connected: bool, cloud_online: bool, end: Disconnected | None) -> None:
        """Tell how the line stands, where that has changed."""
        before = self._link
        after = replace(
            before,
            connected=connected,
            cloud_online=cloud_online,
            paused=self._courier.paused,
            problem=end.problem if end else None,
            detail=end.detail if end else "",
        )
        if after == before:
            return
        self._link = replace(after, since=before.since if connected == before.connected else datetime.now(UTC))
        if connected != before.connected or cloud_online != before.cloud_online:
            log.info("line", connected=connected, cloud_online=cloud_online)
        self._listener.link_changed(self._link)

    def _status(self, presence: Presence, session: UUID) -> DeviceStatus:
        counts = self._outbox.counts()
        return DeviceStatus(
            v=1,
            site=self._address.site,
            device=self._address.device,
            state=presence,
            session=session,
            agent_version=version("smearflow"),
            sent_at=datetime.now(UTC),
            outbox_depth=counts.waiting,
            parked=counts.parked,
            refused_files=counts.refused_files,
            refused_by_kind=dict(counts.refused_by_kind),
            free_disk_bytes=self._outbox.free_disk_bytes(),
            paused=self._courier.paused,
            obeyed=self._outbox.obeyed(),
        )
