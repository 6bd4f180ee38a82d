"""Reads the event log once for all streams of a process, and wakes them."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.database import snapshot
from cloud_service.delivery.events import latest_position
from cloud_service.delivery.frames import Frame, RecentFrames, View, frames_after
from cloud_service.errors import UnauthorisedError
from shared.logs import get_logger

POLL_SECONDS = 1.0
CHUNK = 200
RECENT_BYTES = 8 * 1024 * 1024
"""What is kept for streams that are a little behind: some thousand events. Who is further behind reads the database."""
KEPT_FROM_BEFORE = 500
"""Events read at the start: pages that connect again after a restart mostly find what they missed among them."""
AT_ONCE = 50
"""Frames that a stream takes at a time; a slow reader's share of memory."""
CATCHING_UP = 4
"""Streams that read the database at a time: 200 pages that come back together leave threads to everything else."""

log = get_logger(__name__)

StillIn = Callable[[Session, Collection[Identity]], Collection[Identity]]
"""Who of some users is still let in, with the same rights: `Gate.still_in`."""


class WakeUp(Protocol):
    """What tells that something may have changed; a hint, never the record."""

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's poll is this time-out
        """Return when told, or after `timeout` seconds; whether told."""


@dataclass(eq=False, slots=True)
class Listener:
    """A running stream.

    Attributes:
        who: whose it is.
        reach: the position up to which it may be told; what came later was not yet there when `who` was last let in.
        has_ended: it must not be told of anything more.
    """

    who: Identity
    reach: int
    has_ended: bool


class FanOut:
    """The one reader of the event log in a process; it lives in one event loop.

    At each look at the database it reads what is new, writes it out once and keeps it in `recent`. Any number of
    streams take it from there, each from its own position: none holds up another, and none can miss or double an event,
    since positions rise in the order of commits (see `events`).

    At the same look it sees, *after* reading the events, whose log-in still holds. A stream whose log-in has ended ends
    before it is told of anything that was committed later. One that began during a look waits for the next.

    Where the database goes away, all streams end: their readers connect again, and name their last position.
    """

    def __init__(
        self,
        engine: Engine,
        wake_up: WakeUp,
        still_in: StillIn,
        *,
        poll_seconds: float = POLL_SECONDS,
        recent_bytes: int = RECENT_BYTES,
    ) -> None:
        self._engine = engine
        self._still_in = still_in
        self.recent = RecentFrames(recent_bytes)
        self._wake_up = wake_up
        self._poll_seconds = poll_seconds
        self._listeners: set[Listener] = set()
        self._has_started = self._is_closed = False
        self._changed = asyncio.Event()
        self._own_thread = CapacityLimiter(1)  # requests that hold all other threads do not hold up the events
        self._catching_up = CapacityLimiter(CATCHING_UP)

    async def run(self) -> None:
        """Look at the database whenever told and at least every `poll_seconds`; when cancelled, end all streams."""
        try:
            while True:
                try:
                    is_more = await self._look()
                except (OperationalError, NoFreeConnectionError) as error:  # the next look may find it again
                    log.warning("the event streams end, since the database is away", reason=str(error))
                    self._end_all()
                    self.recent.restart(0)  # what comes back may be an older state of it
                    self._has_started = is_more = False
                if not is_more:
                    await self._wake_up.wait(self._poll_seconds)
        finally:
            self.close()

    def close(self) -> None:
        """End all streams at once, and those that begin from now on: the process is to end."""
        self._is_closed = True
        self._end_all()

    @contextmanager
    def listening(self, who: Identity) -> Iterator[Listener]:
        """Count a stream among those that are told to end when `who` is no longer let in."""
        listener = Listener(who, self.recent.end, has_ended=self._is_closed)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def news(self, timeout: float) -> None:  # noqa: ASYNC109 - a stream's next keep-alive is this time-out
        """Wait until `recent` has grown or a stream has to end, `timeout` seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def missed(self, who: Identity, view: View, position: int) -> tuple[Sequence[Frame], int]:
        """For a stream that is further behind than `recent` reaches: some of what it missed, from the database.

        Returns:
            At most `AT_ONCE` frames behind `position` that the view sees, and the position behind which to go on.

        Raises:
            UnauthorisedError: the log-in of `who` has ended, or its rights have changed.
            OperationalError, sqlalchemy.exc.TimeoutError: the database is away.
        """
        return await run_sync(self._read_missed, who, view, position, limiter=self._catching_up)

    async def _look(self) -> bool:
        """Take in what is new; whether to look again at once. A cancelled look ends after its thread.

        Otherwise the engine would be disposed of under it, and leave its connection open.
        """
        listeners = tuple(self._listeners)
        users = {listener.who for listener in listeners}
        looking = asyncio.ensure_future(run_sync(self._read, users, limiter=self._own_thread))
        try:
            begin, frames, still_in = await asyncio.shield(looking)
        except asyncio.CancelledError:
            with suppress(OperationalError, NoFreeConnectionError):
                await looking
            raise
        if not self._has_started:
            self.recent.restart(begin)
            self._has_started = True
        self.recent.add(frames)
        self._let_in(listeners, still_in)
        has_begun_meanwhile = bool(frames) and not self._listeners.issubset(listeners)
        return len(frames) == CHUNK or has_begun_meanwhile

    def _let_in(self, listeners: Collection[Listener], still_in: Collection[Identity]) -> None:
        is_news = False
        for listener in listeners:
            is_out = listener.who not in still_in
            is_news = is_news or is_out or listener.reach < self.recent.end
            listener.has_ended = listener.has_ended or is_out
            listener.reach = self.recent.end
        if is_news:
            self._wake()

    def _read(self, users: Collection[Identity]) -> tuple[int, Sequence[Frame], Collection[Identity]]:
        with snapshot(self._engine) as session:
            begin = self.recent.end if self._has_started else max(0, latest_position(session) - KEPT_FROM_BEFORE)
            frames = frames_after(session, begin, CHUNK)
            return begin, frames, self._still_in(session, users)

    def _read_missed(self, who: Identity, view: View, position: int) -> tuple[Sequence[Frame], int]:
        with snapshot(self._engine) as session:
            latest = latest_position(session)  # first: what is committed from here on is not passed over
            frames = frames_after(session, position, AT_ONCE, view)
            if not self._still_in(session, {who}):
                raise UnauthorisedError("The log-in has ended, or its rights have changed.")
        if len(frames) == AT_ONCE:
            return frames, frames[-1].position
        return frames, max(position, latest, *(frame.position for frame in frames))

    def _end_all(self) -> None:
        for listener in self._listeners:
            listener.has_ended = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
