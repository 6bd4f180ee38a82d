"""The event stream for browsers and programs (server-sent events, WHATWG HTML section 9.2)."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from sqlalchemy import Engine

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import snapshot
from cloud_service.delivery.events import latest_position
from cloud_service.delivery.fan_out import FanOut
from cloud_service.delivery.stream import follow
from cloud_service.web.services import services

router = APIRouter(prefix="/api/v1/events", tags=["events"])

RECONNECT_MS = 1000
NOT_BUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""So that proxies, nginx among them, pass events on as they come."""

Position = Annotated[int, Query(ge=0, le=2**63 - 1, description="events behind this position")]


class Hello(BaseModel):
    """The first event of every connection."""

    position: int
    """The stream begins behind it."""
    reset: bool
    """The reader's position is none of this log's: what it shows must be loaded anew."""


class EventStream(StreamingResponse):
    """Server-sent events that were written out already; FastAPI's own kind writes out each of them for each reader."""

    media_type = "text/event-stream"


@router.get("", response_class=EventStream)
async def stream_events(
    request: Request,
    who: Annotated[Identity, requires(Permission.SEE_CAPTURES)],
    after: Position | None = None,
    last_event_id: Annotated[str | None, Header(max_length=19, pattern=r"^[0-9]+$")] = None,
) -> EventStream:
    """Follow the event log from a position on; without one, from now on.

    `Last-Event-ID`, which browsers send by themselves when they connect again, counts more than `after`. Each event's
    id is its position, its name the kind (`capture`, `case`, `device`), its data the subject's summary as the API
    returns it. Who is bound to a site gets its events alone, and who may not see cases none of them, so positions leave
    some out. The stream ends with the log-in, and when its rights change.
    """
    held = services(request)
    wanted = after if last_event_id is None else int(last_event_id)
    hello = await run_sync(_begin, held.engine, wanted)
    return EventStream(_greet_and_follow(hello, held.fan_out, who), headers=NOT_BUFFERED)


async def _greet_and_follow(hello: Hello, fan_out: FanOut, who: Identity) -> AsyncIterator[bytes]:
    greeting = hello.model_dump_json()
    yield format_sse_event(event="hello", id=str(hello.position), data_str=greeting, retry=RECONNECT_MS)
    async for frames in follow(fan_out, who, hello.position):
        yield frames


def _begin(engine: Engine, wanted: int | None) -> Hello:
    with snapshot(engine) as session:
        latest = latest_position(session)
    if wanted is None or wanted > latest:
        return Hello(position=latest, reset=wanted is not None)
    return Hello(position=wanted, reset=False)
