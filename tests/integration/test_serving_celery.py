"""Whole workers under Celery with a real Redis, killed in the middle of a switch to another model."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from cloud_service.database import snapshot
from cloud_service.delivery.events import EventKind
from cloud_service.models import Delivery, Event
from cloud_service.system.heartbeats import heartbeats
from cloud_service.wakeup import Notifier
from tests.support.inference import PACKAGE, InferenceCloud, WorkerChild, png
from tests.support.servers import Redis
from tests.support.waiting import wait_until

Start = Callable[..., WorkerChild]
B = replace(PACKAGE, digest="b" * 64)
LEASE_SECONDS = 2.0


@pytest.fixture
def cloud(tmp_path: Path, database_url: str, redis_server: Redis) -> Iterator[InferenceCloud]:
    made = InferenceCloud(
        tmp_path,
        database_url,
        redis_url=SecretStr(redis_server.url),
        sweep_seconds=0.2,
        claim_lease_seconds=LEASE_SECONDS,
    )
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, cloud: InferenceCloud) -> Iterator[Start]:
    children: list[WorkerChild] = []

    def started(runtime: str = "fake") -> WorkerChild:
        folder = tmp_path / f"worker-{len(children)}"
        children.append(WorkerChild(folder, cloud.settings, mode="celery", runtime=runtime))
        return children[-1].start()

    yield started
    for child in children:
        child.stop()


def tells(cloud: InferenceCloud, digest: str) -> bool:
    """Whether the workers say that they answer with this model, and with no other."""
    with snapshot(cloud.engine) as session:
        return {row.about.get("model_digest") for row in heartbeats(session, "worker")} == {digest}


def test_a_worker_killed_in_the_middle_of_a_switch_loses_no_capture_and_doubles_none(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    victim = start("gated-loading")
    before = cloud.store(*(png(100, mark) for mark in range(20)))
    with Notifier(redis_server.url) as notifier:
        notifier.inference()
        wait_until(cloud.is_idle)

        cloud.put_into_service(B)
        notifier.inference()
        wait_until(victim.started.exists)
        during = cloud.store(*(png(100, mark) for mark in range(20, 60)))
        notifier.inference()
        wait_until(lambda: len(cloud.answers()) > len(before))  # it goes on with the model before
        victim.kill()
        after = cloud.store(*(png(100, mark) for mark in range(60, 80)))
        start()
        notifier.inference()
        wait_until(cloud.is_idle)

    models = cloud.models_of_answers()
    assert set(models) == {*before, *during, *after}
    assert {len(found) for found in models.values()} == {1}
    assert cloud.count(Delivery) == cloud.count(Event, Event.kind == EventKind.CAPTURE) == 80
    assert {models[capture_id][0] for capture_id in before} == {PACKAGE.digest}
    assert {models[capture_id][0] for capture_id in after} == {B.digest}


def test_a_switch_and_the_way_back_reach_an_idle_worker_and_its_health(
    cloud: InferenceCloud, redis_server: Redis, start: Start
) -> None:
    start()
    with Notifier(redis_server.url) as notifier:
        for package in (B, PACKAGE, B):
            cloud.put_into_service(package)
            notifier.inference()
            wait_until(partial(tells, cloud, package.digest))

            (capture_id,) = cloud.store(png(100, cloud.count(Delivery)))
            notifier.inference()
            wait_until(cloud.is_idle)
            assert cloud.models_of_answers()[capture_id] == [package.digest]
