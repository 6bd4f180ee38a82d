"""The event stream for browsers and programs (server-sent events, WHATWG HTML section 9.2)."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from sqlalchemy import Engine

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import snapshot
from cloud_service.delivery.events import EventKind, latest_position
from cloud_service.delivery.stream import Reader, follow
from cloud_service.web.services import services

router = APIRouter(prefix="/api/v1/events", tags=["events"])

RECONNECT_MS = 1000

Position = Annotated[int, Query(ge=0, le=2**63 - 1, description="events behind this position")]


class Hello(BaseModel):
    """The first event of every connection."""

    position: int
    """The stream begins behind it."""
    reset: bool
    """The reader's position is none of this log's: what it shows must be loaded anew."""


@router.get("", response_class=EventSourceResponse)
async def stream_events(
    request: Request,
    who: Annotated[Identity, requires(Permission.SEE_CAPTURES)],
    after: Position | None = None,
    last_event_id: Annotated[str | None, Header(max_length=19, pattern=r"^[0-9]+$")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Follow the event log from a position on; without one, from now on.

    `Last-Event-ID`, which browsers send by themselves when they connect again, counts more than `after`. Each event's
    id is its position, its name the kind (`capture`, `case`, `device`), its data the subject's summary as the API
    returns it. Who is bound to a site gets its events alone, and who may not see cases none of them, so positions leave
    some out. The stream ends with the log-in.
    """
    held = services(request)
    wanted = after if last_event_id is None else int(last_event_id)
    hello = await run_sync(_begin, held.engine, wanted)
    yield ServerSentEvent(event="hello", id=str(hello.position), data=hello, retry=RECONNECT_MS)
    reader = Reader(held.engine, who.site, _kinds(who), partial(held.gate.check_still_in, who))
    async for event in follow(reader, held.signal, hello.position):
        yield ServerSentEvent(event=event.kind, id=str(event.position), data=event.payload)


def _kinds(who: Identity) -> frozenset[EventKind]:
    return frozenset(EventKind) - (set() if Permission.SEE_CASES in who.permissions else {EventKind.CASE})


def _begin(engine: Engine, wanted: int | None) -> Hello:
    with snapshot(engine) as session:
        latest = latest_position(session)
    if wanted is None or wanted > latest:
        return Hello(position=latest, reset=wanted is not None)
    return Hello(position=wanted, reset=False)
