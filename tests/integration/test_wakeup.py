"""Wake-up calls over a real Redis that goes away and comes back."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from cloud_service.wakeup import AsyncChangeListener, ChangeListener, Notifier
from tests.support.inference import NO_REDIS, wait_until
from tests.support.servers import Redis


@pytest.fixture
def notifier(redis_server: Redis) -> Iterator[Notifier]:
    with Notifier(redis_server.url) as made:
        yield made


@pytest.fixture
def listener(redis_server: Redis) -> Iterator[ChangeListener]:
    made = ChangeListener(redis_server.url)
    assert made.wait(5)  # the first time there may be something that was missed
    yield made
    made.close()


def test_a_change_wakes_a_listener_up(notifier: Notifier, listener: ChangeListener) -> None:
    assert not listener.wait(0.05)

    notifier.changes()

    assert listener.wait(10)


def test_calls_that_piled_up_are_one(notifier: Notifier, listener: ChangeListener) -> None:
    for _call in range(50):
        notifier.changes()
    notifier.close()

    assert listener.wait(10)
    assert not listener.wait(0.05)


def test_a_nudge_is_a_message_in_celerys_queue(notifier: Notifier, redis_server: Redis) -> None:
    client = redis.Redis.from_url(redis_server.url)

    notifier.inference()

    wait_until(lambda: client.llen("inference") == 1)
    message = client.lindex("inference", 0)
    assert message is not None
    assert b"inference.run" in message
    client.close()


def test_a_listener_finds_redis_again_and_says_that_it_may_have_missed_something(
    notifier: Notifier, listener: ChangeListener, redis_server: Redis
) -> None:
    redis_server.kill()
    assert not listener.wait(0.05)
    notifier.changes()

    redis_server.start()

    wait_until(lambda: listener.wait(0.05))
    notifier.changes()
    assert listener.wait(10)


def test_without_redis_callers_are_neither_held_up_nor_told(capfd: pytest.CaptureFixture[str]) -> None:
    notifier = Notifier(NO_REDIS)
    start = time.monotonic()
    for _call in range(1000):
        notifier.changes()
        notifier.inference()
    assert time.monotonic() - start < 1

    notifier.close()

    output = capfd.readouterr()
    assert (output.out + output.err).count("wake-up calls are not sent") == 1


def test_closing_sends_what_is_still_wanted(redis_server: Redis, listener: ChangeListener) -> None:
    notifier = Notifier(redis_server.url)
    notifier.changes()
    notifier.close()

    assert listener.wait(10)
    assert "notifier" not in [thread.name for thread in threading.enumerate()]


def test_an_event_loop_is_woken_up_too(notifier: Notifier, redis_server: Redis) -> None:
    async def listen() -> list[bool]:
        listener = AsyncChangeListener(redis_server.url)
        heard = [await listener.wait(5), await listener.wait(0.05)]
        notifier.changes()
        heard.append(await listener.wait(10))
        redis_server.kill()
        heard.append(await listener.wait(0.05))
        redis_server.start()
        while not await listener.wait(0.05):
            pass
        await listener.close()
        return heard

    assert asyncio.run(listen()) == [True, False, True, False]
