"""Whole workers and beats under Celery with a real Redis, which is emptied and killed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from cloud_service.celery_app import make_app, nudge
from cloud_service.delivery.events import EventKind
from cloud_service.models import Delivery, Event
from cloud_service.wakeup import Notifier
from tests.support.inference import InferenceCloud, WorkerChild, png
from tests.support.servers import Redis
from tests.support.waiting import wait_until

NEVER = 3600.0
Start = Callable[..., WorkerChild]


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str, redis_server: Redis) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, sqlite_url, redis_url=SecretStr(redis_server.url), sweep_seconds=NEVER)
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, cloud: InferenceCloud) -> Iterator[Start]:
    """A factory of running processes; `changes` replace settings."""
    children: list[WorkerChild] = []

    def started(mode: str, *, runtime: str = "fake", **changes: object) -> WorkerChild:
        folder = tmp_path / f"{mode}-{len(children)}"
        settings = cloud.settings.model_copy(update=changes)
        children.append(WorkerChild(folder, settings, mode=mode, runtime=runtime))
        return children[-1].start()

    yield started
    for child in children:
        child.stop()


def assert_each_answered_once(cloud: InferenceCloud, count: int) -> None:
    assert [len(found) for found in cloud.answers().values()] == [1] * count
    assert cloud.count(Delivery) == cloud.count(Event, Event.kind == EventKind.CAPTURE) == count


def test_a_nudge_brings_the_answer_and_sigterm_ends_the_worker(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    worker = start("celery")
    cloud.store(png(10), png(20))

    with Notifier(redis_server.url) as notifier:
        notifier.inference()
        wait_until(cloud.is_idle)

    assert_each_answered_once(cloud, 2)
    worker.stop()
    assert '"level": "error"' not in worker.log.read_text()


def test_nudges_without_end_do_no_harm(cloud: InferenceCloud, redis_server: Redis, start: Start) -> None:
    app = make_app(cloud.settings)
    for _nudge in range(50):
        nudge(app)
    cloud.store(*(png(100, mark) for mark in range(30)))
    start("celery")
    start("celery")

    wait_until(cloud.is_idle)
    client = redis.Redis.from_url(redis_server.url)
    wait_until(lambda: client.llen("inference") == 0)

    assert_each_answered_once(cloud, 30)
    client.close()
    app.close()


def test_jobs_whose_nudges_redis_has_forgotten_are_found_by_the_sweep(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    app = make_app(cloud.settings)
    cloud.store(*(png(100, mark) for mark in range(10)))
    nudge(app)
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    client.close()
    app.close()

    start("celery")
    start("beat", sweep_seconds=0.2)
    start("beat", sweep_seconds=0.2)
    wait_until(cloud.is_idle)

    assert_each_answered_once(cloud, 10)


def test_a_worker_without_redis_finds_its_jobs_by_its_own_clock(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    start("celery", sweep_seconds=0.2)
    redis_server.kill()
    cloud.store(png(10), png(20))

    wait_until(cloud.is_idle)

    assert_each_answered_once(cloud, 2)


def test_worker_and_beat_go_on_after_redis_was_killed(cloud: InferenceCloud, redis_server: Redis, start: Start) -> None:
    worker, beat = start("celery"), start("beat", sweep_seconds=0.2)
    cloud.store(png(10))
    wait_until(cloud.is_idle)

    redis_server.kill()
    cloud.store(png(20), png(30))
    wait_until(lambda: "onnection" in worker.log.read_text())  # it has noticed
    redis_server.start()
    wait_until(cloud.is_idle)

    assert_each_answered_once(cloud, 3)
    assert not worker.has_ended()
    assert not beat.has_ended()


def test_a_worker_that_redis_left_in_the_middle_of_a_task_hears_the_next_nudge(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    worker = start("celery", runtime="gated")
    cloud.store(png(10))
    with Notifier(redis_server.url) as notifier:
        notifier.inference()
        wait_until(worker.started.exists)
        redis_server.kill()
        worker.go.touch()
        wait_until(lambda: "Couldn't ack" in worker.log.read_text())
        redis_server.start()

        cloud.store(png(20))
        notifier.inference()
        wait_until(cloud.is_idle)

    assert_each_answered_once(cloud, 2)
