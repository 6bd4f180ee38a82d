"""A reader of the event stream, as a browser would be; it notes when it first saw each capture analysed."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx

_CATCH_UP_SECONDS = 10.0
_RECONNECT_SECONDS = 0.2
_CONNECT_SECONDS = 5.0


class EventReader:
    """Reads `/api/v1/events` from its beginning, and again from where it was when the connection ends.

    `seen_at` has for each capture the moment at which its prediction was first seen here.
    """

    def __init__(self, url: str, token: str) -> None:
        self.seen_at: dict[UUID, datetime] = {}
        self.positions: list[int] = []
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = url
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._task = asyncio.create_task(self._read(), name="event reader")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def caught_up(self, captures: Iterable[UUID | None]) -> None:
        """Wait until all these captures were seen analysed, for ten seconds at most."""
        wanted = {capture_id for capture_id in captures if capture_id is not None}
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._news:
                await self._news.wait_for(lambda: wanted <= self.seen_at.keys())

    async def _read(self) -> None:
        async with httpx.AsyncClient(
            base_url=self._url,
            headers=self._headers,
            timeout=httpx.Timeout(_CONNECT_SECONDS, read=None),  # a stream has no end
            trust_env=False,
        ) as client:
            while True:
                with suppress(httpx.TransportError):
                    await self._read_once(client)
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _read_once(self, client: httpx.AsyncClient) -> None:
        last = {"Last-Event-ID": str(self.positions[-1] if self.positions else 0)}
        async with client.stream("GET", "/api/v1/events", headers=last) as stream:
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.positions.append(int(value))
                elif name == "data":
                    await self._note(json.loads(value))

    async def _note(self, payload: object) -> None:
        match payload:
            case {"id": str(capture_id), "prediction": dict()}:
                async with self._news:
                    self.seen_at.setdefault(UUID(capture_id), datetime.now(UTC))
                    self._news.notify_all()
