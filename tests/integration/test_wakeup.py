"""Wake-up calls over a real Redis that goes away and comes back."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
import redis

from cloud_service.local_stack.ports import LOOPBACK
from cloud_service.wakeup import AsyncChangeListener, ChangeListener, Notifier
from tests.support.servers import Redis
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
def notifier(redis_server: Redis) -> Iterator[Notifier]:
    with Notifier(redis_server.url) as made:
        yield made


@pytest.fixture
def listener(redis_server: Redis) -> Iterator[ChangeListener]:
    made = ChangeListener(redis_server.url)
    assert made.wait(PATIENCE)  # the first time there may be something that was missed
    yield made
    made.close()


def test_a_change_wakes_a_listener_up(notifier: Notifier, listener: ChangeListener) -> None:
    assert not listener.wait(0.05)

    notifier.changes()

    assert listener.wait(PATIENCE)


def test_calls_that_piled_up_are_one(notifier: Notifier, listener: ChangeListener) -> None:
    for _call in range(50):
        notifier.changes()
    notifier.close()

    assert listener.wait(PATIENCE)
    assert not listener.wait(0.05)


@pytest.mark.parametrize(("queue", "task"), [("inference", b"inference.run"), ("training", b"training.look")])
def test_a_nudge_is_a_message_in_celerys_queue(
    notifier: Notifier, redis_server: Redis, queue: str, task: bytes
) -> None:
    client = redis.Redis.from_url(redis_server.url)

    getattr(notifier, queue)()

    wait_until(lambda: client.llen(queue) == 1)
    message = client.lindex(queue, 0)
    assert message is not None
    assert task in message
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
    assert listener.wait(PATIENCE)


def test_a_redis_that_does_not_answer_holds_no_caller_up_and_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:  # takes connections, and then says nothing
        notifier = Notifier(f"redis://{LOOPBACK}:{mute.getsockname()[1]}/0")
        for _call in range(1000):  # each would wait for seconds
            notifier.changes()
            notifier.inference()

    notifier.close()

    output = capfd.readouterr()
    assert (output.out + output.err).count("wake-up calls are not sent") == 1


def test_closing_sends_what_is_still_wanted(redis_server: Redis, listener: ChangeListener) -> None:
    notifier = Notifier(redis_server.url)
    notifier.changes()
    notifier.close()

    assert listener.wait(PATIENCE)
    assert not notifier._thread.is_alive()


def test_an_event_loop_is_woken_up_too(notifier: Notifier, redis_server: Redis) -> None:
    async def listen() -> list[bool]:
        listener = AsyncChangeListener(redis_server.url)
        heard = [await listener.wait(PATIENCE), await listener.wait(0.05)]
        notifier.changes()
        heard.append(await listener.wait(PATIENCE))
        redis_server.kill()
        heard.append(await listener.wait(0.05))
        redis_server.start()
        while not await listener.wait(0.05):
            pass
        await listener.close()
        return heard

    assert asyncio.run(listen()) == [True, False, True, False]
