"""The event log on both databases: every event once, in order, whoever writes and however long a reader is away."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event as Signal

import pytest
from sqlalchemy import Engine, event

from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.delivery.events import EventKind, events_after, latest_position, record_event
from cloud_service.delivery.fan_out import FanOut
from cloud_service.models import Base
from tests.support.waiting import PATIENCE

WRITERS, EACH = 8, 40
TOTAL = WRITERS * EACH


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def write(engine: Engine, writer: int) -> None:
    for number in range(EACH):
        with transaction(engine) as session:
            record_event(session, EventKind.CAPTURE, f"{writer}-{number}", {"number": number}, "north")


def read(engine: Engine, position: int) -> list[tuple[int, str]]:
    with snapshot(engine) as session:
        return [(event.position, event.subject) for event in events_after(session, position, 7)]


class Reader:
    """Follows the log as a browser does: from the last position that it has seen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seen: list[tuple[int, str]] = []

    def catch_up(self) -> None:
        while found := read(self._engine, self.seen[-1][0] if self.seen else 0):
            self.seen += found

    def follow(self, until: Signal) -> None:
        while not until.is_set():
            self.catch_up()


def test_readers_see_every_event_once_and_in_order_beside_eight_writers(engine: Engine) -> None:
    always_there, often_away = Reader(engine), Reader(engine)
    written = Signal()
    with ThreadPoolExecutor(WRITERS + 1) as threads:
        following = threads.submit(always_there.follow, written)
        writing = [threads.submit(write, engine, writer) for writer in range(WRITERS)]
        for finished in writing:
            often_away.catch_up()
            finished.result()  # away until this writer is done
        written.set()
        following.result()

    for reader in (always_there, often_away):
        reader.catch_up()
        assert [position for position, _ in reader.seen] == list(range(1, TOTAL + 1))
        assert {subject for _, subject in reader.seen} == {
            f"{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)
        }
    assert always_there.seen == often_away.seen


def test_each_writers_events_keep_their_order(engine: Engine) -> None:
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda writer: write(engine, writer), range(WRITERS)))
    reader = Reader(engine)
    reader.catch_up()

    for writer in range(WRITERS):
        own = [subject for _, subject in reader.seen if subject.startswith(f"{writer}-")]
        assert own == [f"{writer}-{number}" for number in range(EACH)]


def test_a_change_that_is_rolled_back_leaves_no_gap(engine: Engine) -> None:
    def record(subject: str) -> int:
        with transaction(engine) as session:
            position = record_event(session, EventKind.DEVICE, subject, {}, None)
            if subject == "undone":
                raise LookupError(subject)
            return position

    assert record("first") == 1
    with pytest.raises(LookupError):
        record("undone")
    assert record("second") == 2

    with snapshot(engine) as session:
        assert latest_position(session) == 2
        assert [event.subject for event in events_after(session, 0, 10)] == ["first", "second"]


def test_an_empty_log_is_at_position_zero(engine: Engine) -> None:
    with snapshot(engine) as session:
        assert latest_position(session) == 0
        assert events_after(session, 0, 10) == []


def test_several_events_of_one_transaction_follow_each_other(engine: Engine) -> None:
    with transaction(engine) as session:
        positions = [record_event(session, EventKind.DEVICE, str(n), {}, None) for n in range(3)]

    assert positions == [1, 2, 3]


class NoCalls:
    """Wake-up calls that never come; a look was just made when somebody waits for one."""

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the contract of WakeUp
        await asyncio.sleep(timeout)
        return False


def test_a_reader_that_is_cancelled_ends_after_its_look_at_the_database(engine: Engine) -> None:
    looking, may_go_on = Signal(), Signal()
    ended: list[str] = []

    def hold(*_: object) -> None:
        looking.set()
        may_go_on.wait(PATIENCE)
        ended.append("look")

    async def read() -> None:
        reader = asyncio.create_task(FanOut(engine, NoCalls(), lambda _, users: users).run())
        assert await asyncio.to_thread(looking.wait, 20)
        reader.cancel()
        await asyncio.sleep(0)  # the cancellation is delivered
        may_go_on.set()
        with suppress(asyncio.CancelledError):
            await reader
        ended.append("reader")

    event.listen(engine, "before_cursor_execute", hold)
    asyncio.run(read())
    event.remove(engine, "before_cursor_execute", hold)

    assert (ended[0], ended[-1]) == ("look", "reader")
