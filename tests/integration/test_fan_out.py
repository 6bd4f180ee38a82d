"""Many streams over one reader of the event log, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Credential, CredentialKind, Identity
from cloud_service.accounts.permissions import Role
from cloud_service.database import make_engine, transaction
from cloud_service.delivery.events import EventKind, record_event
from cloud_service.delivery.fan_out import FanOut
from cloud_service.delivery.stream import follow
from cloud_service.models import Base
from tests.support.waiting import PATIENCE

WRITERS, EACH = 8, 25
TOTAL = WRITERS * EACH
FEW_FRAMES = 1000
"""Bytes that hold about ten of these events: streams fall behind them all the time."""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def somebody(name: str = "somebody", role: Role = Role.ADMINISTRATOR, site: str | None = None) -> Identity:
    return Identity(name, role, site, Credential.of(CredentialKind.SESSION, name))


class Calls:
    """Wake-up calls of the tests; a poll never comes."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    def call(self) -> None:
        self._called.set()

    async def wait(self, timeout: float) -> bool:  # noqa: ARG002, ASYNC109 - the contract of WakeUp
        await self._called.wait()
        self._called.clear()
        return True


class Doors:
    """Who is let in: everybody but those who are `out`, as long as the database is there."""

    def __init__(self) -> None:
        self.out: set[str] = set()
        self.is_away = False

    def still_in(self, session: Session, users: Collection[Identity]) -> list[Identity]:
        assert session.is_active
        if self.is_away:
            raise OperationalError("SELECT", {}, OSError("the database is away"))
        return [who for who in users if who.user not in self.out]


class Hall:
    """A running fan-out, with what the tests move it by."""

    def __init__(self, engine: Engine, recent_bytes: int = FEW_FRAMES) -> None:
        self.engine, self.calls, self.doors = engine, Calls(), Doors()
        self.fan_out = FanOut(engine, self.calls, self.doors.still_in, recent_bytes=recent_bytes)

    async def tell(self, subject: str = "x", *, site: str | None = None) -> None:
        await asyncio.to_thread(self._write, subject, site)
        self.calls.call()

    def follow(self, position: int = 0, who: Identity | None = None) -> AsyncIterator[bytes]:
        return follow(self.fan_out, who or somebody(), position)

    def _write(self, subject: str, site: str | None) -> None:
        with transaction(self.engine) as session:
            record_event(session, EventKind.CAPTURE, subject, {}, site)


@asynccontextmanager
async def running(hall: Hall) -> AsyncIterator[Hall]:
    reader = asyncio.create_task(hall.fan_out.run())
    try:
        async with asyncio.timeout(PATIENCE):
            yield hall
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader


def positions(frames: bytes) -> list[int]:
    return [int(line.removeprefix(b"id: ")) for line in frames.splitlines() if line.startswith(b"id: ")]


async def take(stream: AsyncIterator[bytes], until: int) -> list[int]:
    """Read a stream up to a position; or to its end, where that comes first."""
    taken: list[int] = []
    async for frames in stream:
        taken += positions(frames)
        if taken and taken[-1] >= until:
            break
    return taken


def test_streams_miss_and_double_nothing_wherever_they_begin_and_however_slow_one_is(engine: Engine) -> None:
    async def write(hall: Hall, writer: int) -> None:
        for number in range(EACH):
            await hall.tell(f"{writer}-{number}")

    async def many() -> None:
        async with running(Hall(engine)) as hall:
            await hall.tell()
            slow = hall.follow()
            begun = positions(await anext(slow))
            late = [hall.follow(begin) for begin in (0, 1, 60, 120, TOTAL - 1)]
            reading = [asyncio.create_task(take(stream, TOTAL + 1)) for stream in (hall.follow(), *late)]
            await asyncio.gather(*(write(hall, writer) for writer in range(WRITERS)))
            for begin, task in zip((0, 0, 1, 60, 120, TOTAL - 1), reading, strict=True):
                assert await task == list(range(begin + 1, TOTAL + 2))
            while hall.fan_out.recent.end <= TOTAL:
                await hall.fan_out.news(PATIENCE)
            assert hall.fan_out.recent.begin > begun[-1]  # what the slow one has missed is no longer held
            assert begun + await take(slow, TOTAL + 1) == list(range(1, TOTAL + 2))

    asyncio.run(many())


def test_a_stream_goes_on_from_memory_when_it_has_caught_up(engine: Engine) -> None:
    async def catch_up() -> None:
        async with running(Hall(engine, recent_bytes=70)) as hall:
            for _ in range(5):
                await hall.tell()
            with hall.fan_out.listening(somebody()) as listener:
                while listener.reach < 5:
                    await hall.fan_out.news(PATIENCE)
            assert hall.fan_out.recent.begin > 2
            stream = hall.follow(2)
            assert positions(await anext(stream)) == [3, 4, 5]
            coming = asyncio.ensure_future(anext(stream))
            await hall.tell()
            assert positions(await coming) == [6]

    asyncio.run(catch_up())


def test_who_is_no_longer_let_in_hears_of_nothing_that_comes_after(engine: Engine) -> None:
    async def end_one() -> None:
        async with running(Hall(engine)) as hall:
            await hall.tell()
            streams = [hall.follow(who=somebody(name)) for name in ("stays", "leaves")]
            assert [positions(await anext(stream)) for stream in streams] == [[1], [1]]
            reading = [asyncio.create_task(take(stream, 3)) for stream in streams]
            await asyncio.sleep(0)  # both wait for news
            hall.doors.out.add("leaves")
            await hall.tell()
            assert await reading[1] == []
            await hall.tell()
            assert await reading[0] == [2, 3]

    asyncio.run(end_one())


def test_a_reader_bound_to_a_site_passes_over_the_others_events(engine: Engine) -> None:
    async def look() -> None:
        async with running(Hall(engine)) as hall:
            bound = somebody("bound", Role.TECHNICIAN, "north")
            reading = asyncio.create_task(take(hall.follow(who=bound), 61))
            for number in range(60):
                await hall.tell(site="south" if number else "north")
            await hall.tell(site="north")
            assert await reading == [1, 61]
            assert await take(hall.follow(who=bound), 61) == [1, 61]

    asyncio.run(look())


def test_streams_end_where_the_database_goes_away_and_begin_again_when_it_is_back(engine: Engine) -> None:
    async def lose() -> None:
        async with running(Hall(engine)) as hall:
            await hall.tell()
            reading = [asyncio.create_task(take(hall.follow(), 2)) for _ in range(3)]
            await asyncio.gather(*(take(hall.follow(), 1) for _ in range(3)))
            hall.doors.is_away = True
            await hall.tell()
            for task in reading:
                assert await task == [1]
            hall.doors.is_away = False
            again = asyncio.create_task(take(hall.follow(1), 2))
            hall.calls.call()
            assert await again == [2]

    asyncio.run(lose())


def test_all_streams_end_with_the_process(engine: Engine) -> None:
    async def end() -> None:
        async with running(Hall(engine)) as hall:
            await hall.tell()
            reading = [asyncio.create_task(take(hall.follow(), 2)) for _ in range(200)]
            await take(hall.follow(), 1)
            hall.fan_out.close()
            assert all(seen in ([], [1]) for seen in await asyncio.gather(*reading))
            assert await take(hall.follow(), 1) == []

    asyncio.run(end())
