"""Follows the event log for browsers: one watcher a process, any number of readers, each with its own position."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from anyio.to_thread import run_sync
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloud_service.database import snapshot
from cloud_service.delivery.events import EventKind, events_after, latest_position
from cloud_service.errors import UnauthorisedError
from cloud_service.models import Event
from shared.logs import get_logger

POLL_SECONDS = 1.0
CHUNK = 200
CHECK_SECONDS = 5.0
"""How long a quiet stream may outlive its reader's log-in."""

log = get_logger(__name__)


class WakeUp(Protocol):
    """What tells that something may have changed; a hint, never the record."""

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's poll is this time-out
        """Return when told, or after `timeout` seconds; whether told."""


class EventSignal:
    """Knows the newest position and wakes who waits for a newer one. It lives in one event loop."""

    def __init__(self, engine: Engine, wake_up: WakeUp, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._engine = engine
        self._wake_up = wake_up
        self._poll_seconds = poll_seconds
        self._position = 0
        self._closed = False
        self._changed = asyncio.Event()

    async def watch(self) -> None:
        """Look at the database whenever told and at least every `poll_seconds`, until cancelled."""
        while True:
            try:
                self._advance(await self._look())
            except OperationalError as error:  # the database restarts; the next look may find it again
                log.warning("the event stream waits for the database", reason=str(error))
            await self._wake_up.wait(self._poll_seconds)

    async def _look(self) -> int:
        """Read the newest position in a thread; where the watch is cancelled meanwhile, it ends after the thread.

        Otherwise the engine would be disposed of under it, and leave its connection open.
        """
        looking = asyncio.ensure_future(run_sync(self._latest))
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            with suppress(OperationalError):
                await looking
            raise

    async def newer_than(self, position: int) -> bool:
        """Wait until there are events behind `position`; False when the process is to end."""
        while self._position <= position and not self._closed:
            await self._changed.wait()
        return not self._closed

    def close(self) -> None:
        """End every reader's wait: the process is to end."""
        self._closed = True
        self._wake()

    def _advance(self, position: int) -> None:
        if position > self._position:
            self._position = position
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _latest(self) -> int:
        with snapshot(self._engine) as session:
            return latest_position(session)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose events are read.

    Args:
        engine: of the database.
        within: the site beyond which the reader may not see; None: sees all.
        kinds: what the reader may be told of.
        check: raises UnauthorisedError where the reader's log-in has ended; called at each look at the database.
    """

    engine: Engine
    within: str | None
    kinds: frozenset[EventKind]
    check: Callable[[Session], object]

    def read(self, position: int) -> tuple[Sequence[Event], int]:
        """Some events behind `position`, and the position behind which to read on: no event is looked at twice."""
        with snapshot(self.engine) as session:
            self.check(session)
            latest = latest_position(session)  # first: what is committed from here on is not passed over
            events = events_after(session, position, CHUNK, within=self.within, kinds=self.kinds)
        if len(events) == CHUNK:
            return events, events[-1].position
        return events, max(position, latest, *(event.position for event in events))


async def follow(reader: Reader, signal: EventSignal, position: int) -> AsyncIterator[Event]:
    """Every event behind `position` that the reader may see, in order and without gaps, until the process is to end.

    Ends also where the database goes away, since the browser connects again and names its last position; and within
    `CHECK_SECONDS` where the reader's log-in ends.
    """
    going_on = True
    while going_on:
        try:
            events, position = await run_sync(reader.read, position)
        except OperationalError as error:
            log.warning("an event stream ends, since the database is away", reason=str(error))
            return
        except UnauthorisedError:
            return
        for event in events:
            yield event
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                going_on = await signal.newer_than(position)
