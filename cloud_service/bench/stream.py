"""The event stream as a browser reads it, in a thread, for callers that are not asynchronous themselves."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_service.local_stack.event_reader import EventReader


class _KeepingReader(EventReader):
    """Keeps what every event said."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.payloads: list[Any] = []

    async def _note(self, payload: object) -> None:
        self.payloads.append(payload)
        await super()._note(payload)


class StreamWatcher:
    """When each capture's prediction was first seen on the stream, and the positions in the order of arrival."""

    def __init__(self, url: str, token: str) -> None:
        self._reader = _KeepingReader(url, token)
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream watcher", daemon=True)

    @property
    def seen_at(self) -> dict[UUID, datetime]:
        """When each capture's prediction was first seen."""
        return self._reader.seen_at

    @property
    def positions(self) -> list[int]:
        """Of the events, in the order of their arrival."""
        return self._reader.positions

    def stages_of(self, capture: UUID) -> list[str]:
        """The last custody stage that each event of this capture told, in their order."""
        told = [event for event in self._reader.payloads if event.get("id") == str(capture)]
        return [event["custody"][-1]["stage"] for event in told]

    def has_seen(self, captures: Iterable[UUID]) -> bool:
        """Whether all of these were seen analysed."""
        return set(captures) <= self.seen_at.keys()

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Stop reading; returns when the thread has ended."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._watch())
        self._loop.close()

    async def _watch(self) -> None:
        self._stop = asyncio.Event()
        async with self._reader:
            self._started.set()
            await self._stop.wait()


@contextmanager
def watched_stream(url: str, token: str) -> Iterator[StreamWatcher]:
    """Read the event stream until the block ends."""
    watcher = StreamWatcher(url, token)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()
