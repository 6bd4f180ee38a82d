"""200 dashboards on one API process while captures flow: every event must reach each of them, once and in order.

The baseline is *one dashboard*, in the same run: as many captures, through the same stack. All dashboards are read by
one process on the same machine, so the last of them wait for it too; its readers look at no more of an event than they
must, where a page would parse it, and `readers` says what they take all the same.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit
from uuid import UUID

import psutil
import pytest

from tests.support.photographs import draw_many_crops, take
from tests.support.stack import RunningStack, running_stack

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

DASHBOARDS, CAPTURES = 200, 100
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.2
ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)
ANSWERED = re.compile(rb'"prediction": ?\{')
CAPTURE = re.compile(rb'"id": ?"([0-9a-f-]{36})"')


@dataclass(frozen=True)
class Watched:
    """What dashboards got while captures flowed.

    Attributes:
        events: that the stack has told of since its start.
        lost: sum over the dashboards of those that one did not get.
        disordered: dashboards that got one twice, or after a later one.
        behind: milliseconds from each answer's row to each dashboard.
        cpu: milliseconds of the API a capture.
        readers: milliseconds of the process that reads all dashboards, a capture.
        memory: of the API, in MB, with all dashboards connected.
    """

    events: int
    lost: int
    disordered: int
    behind: list[float]
    cpu: float
    readers: float
    memory: float

    def __str__(self) -> str:
        cuts = quantiles(self.behind, n=100, method="inclusive")
        return (
            f"{self.events:6} events, lost {self.lost}, disordered {self.disordered}; answer to dashboard"
            f" p50 {cuts[49]:6.0f} ms, p95 {cuts[94]:6.0f} ms; API {self.cpu:5.0f} ms of CPU time a capture,"
            f" {self.memory:.0f} MB; readers {self.readers:5.0f} ms a capture"
        )


class Dashboard:
    """Reads the event stream from its beginning; notes each position, and when an answer to a capture first came."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.seen_at: dict[UUID, datetime] = {}

    async def read(self, stream: asyncio.StreamReader) -> None:
        await stream.readuntil(b"\r\n\r\n")  # the head
        with suppress(asyncio.IncompleteReadError):  # the end
            while True:
                event = await stream.readuntil(b"\n\n")
                if position := ID.search(event):
                    self.positions.append(int(position[1]))
                if ANSWERED.search(event) and (capture := CAPTURE.search(event)):
                    self.seen_at.setdefault(UUID(capture[1].decode()), datetime.now(UTC))


@asynccontextmanager
async def dashboard(url: str, token: str) -> AsyncIterator[Dashboard]:
    at = urlsplit(url)
    stream, line = await asyncio.open_connection(at.hostname, at.port, limit=2**20)
    head = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\nLast-Event-ID: 0\r\n\r\n"
    )
    line.write(head.encode())
    opened = Dashboard()
    reading = asyncio.create_task(opened.read(stream))
    yield opened
    line.close()
    with suppress(ConnectionError):
        await line.wait_closed()
    await reading


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path / "stack", "--unidentified", "own-case") as running:
        yield running


async def until(condition: Callable[[], bool]) -> None:
    """Wait, while the readers of this loop go on."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - other processes bring it about
            await asyncio.sleep(LOOK_SECONDS)


async def await_news(readers: list[Dashboard], stack: RunningStack) -> list[int]:
    """Wait until all have what the stack has told of until now; returns the positions of that."""
    told = [position for (position,) in stack.rows("SELECT position FROM event ORDER BY position")]
    newest = told[-1] if told else 0
    await until(lambda: all(reader.positions and reader.positions[-1] >= newest for reader in readers))
    return told


async def watch(stack: RunningStack, token: str, photographs: list[Path], count: int) -> Watched:
    url, api = stack.url, psutil.Process(stack.row("api")["pid"])
    async with AsyncExitStack() as opened:
        readers = [await opened.enter_async_context(dashboard(url, token)) for _ in range(count)]
        await await_news(readers, stack)
        before, spent, own = set(readers[0].seen_at), stack.cpu_seconds()["api"], time.process_time()
        for path in photographs:
            await asyncio.to_thread(take, path, stack.captures)
        await until(lambda: all(len(reader.seen_at) == len(before) + len(photographs) for reader in readers))
        told = await await_news(readers, stack)
        spent, own = stack.cpu_seconds()["api"] - spent, time.process_time() - own
        memory = api.memory_info().rss / 1e6
        at = answered_at(stack)
    return Watched(
        events=len(told),
        lost=sum(len(set(told) - set(reader.positions)) for reader in readers),
        disordered=sum(reader.positions != sorted(set(reader.positions)) for reader in readers),
        behind=[
            1000 * (seen - at[capture]).total_seconds()
            for reader in readers
            for capture, seen in reader.seen_at.items()
            if capture not in before
        ],
        cpu=1000 * spent / len(photographs),
        readers=1000 * own / len(photographs),
        memory=memory,
    )


def answered_at(stack: RunningStack) -> dict[UUID, datetime]:
    rows = stack.rows("SELECT capture_id, created_at FROM prediction")
    return {UUID(capture): datetime.fromisoformat(at).replace(tzinfo=UTC) for capture, at in rows}


def test_no_dashboard_misses_an_event(stack: RunningStack, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    photographs, token = draw_many_crops(crops, 2 * CAPTURES), stack.token
    load = os.getloadavg()[0]
    alone = asyncio.run(watch(stack, token, photographs[:CAPTURES], 1))
    many = asyncio.run(watch(stack, token, photographs[CAPTURES:], DASHBOARDS))
    print(f"\n{CAPTURES} captures each; load of the machine {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    for name, watched in (("1 dashboard", alone), (f"{DASHBOARDS} dashboards", many)):
        print(f"  {name:15} {watched}")
    print(f"  ratio  CPU time of the API, {DASHBOARDS} dashboards / 1: {many.cpu / alone.cpu:.1f}")
    assert (alone.lost, alone.disordered) == (0, 0)
    assert (many.lost, many.disordered) == (0, 0)
    assert many.events > alone.events
