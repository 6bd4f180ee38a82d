"""Workers that are killed and stopped, each in a process of its own, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind
from cloud_service.inference.claims import count_claimable
from cloud_service.models import Delivery, Event, Heartbeat
from shared.vocabulary import CaptureState, JobState
from tests.support.inference import InferenceCloud, WorkerChild, png
from tests.support.processes import go_on, pause
from tests.support.waiting import wait_until

LEASE_SECONDS = 1.0
Start = Callable[..., WorkerChild]


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, database_url, claim_lease_seconds=LEASE_SECONDS, sweep_seconds=0.05)
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, cloud: InferenceCloud) -> Iterator[Start]:
    """A factory of running workers; all of them are stopped when the test ends."""
    children: list[WorkerChild] = []

    def started(**choices: str) -> WorkerChild:
        children.append(WorkerChild(tmp_path / f"worker-{len(children)}", cloud.settings, **choices))
        return children[-1].start()

    yield started
    for child in children:
        child.stop()


def has_claimable(cloud: InferenceCloud) -> bool:
    with snapshot(cloud.engine) as session:
        return count_claimable(session) > 0


def test_a_worker_killed_in_the_middle_of_a_batch_costs_no_capture(cloud: InferenceCloud, start: Start) -> None:
    stored = cloud.store(*(png(shade) for shade in range(0, 200, 20)))
    victim = start(runtime="gated")
    wait_until(victim.started.exists)

    victim.kill()
    start()
    wait_until(cloud.is_idle)

    assert {capture_id: len(found) for capture_id, found in cloud.answers().items()} == dict.fromkeys(stored, 1)
    assert cloud.count(Delivery) == cloud.count(Event, Event.kind == EventKind.CAPTURE) == len(stored)


def test_a_worker_that_was_stopped_beyond_its_lease_has_its_answer_refused(cloud: InferenceCloud, start: Start) -> None:
    (capture_id,) = cloud.store(png(10))
    sleeper = start(runtime="gated")
    wait_until(sleeper.started.exists)
    # Once that is written, its next write is seconds away: stopped within one, it would keep all of SQLite to itself.
    wait_until(lambda: cloud.count(Heartbeat) == 1)
    with transaction(cloud.engine):  # what it wrote can be seen just before it lets go of SQLite; so take hold of it
        pause(psutil.Process(sleeper.pid))
    sleeper.go.touch()
    wait_until(lambda: has_claimable(cloud))  # the lease has run out

    assert cloud.worker().run_batch() == 1
    answer = cloud.answers()
    go_on(psutil.Process(sleeper.pid))
    wait_until(lambda: "outcome not written" in sleeper.log.read_text())

    assert cloud.answers() == answer
    assert len(answer[capture_id]) == 1
    assert cloud.count(Delivery) == cloud.count(Event, Event.kind == EventKind.CAPTURE) == 1
    assert cloud.job(capture_id).attempts == 2


def test_a_capture_that_kills_its_worker_goes_to_a_person_and_the_rest_moves_on(
    cloud: InferenceCloud, start: Start
) -> None:
    *good, poison = cloud.store(*(png(shade) for shade in (40, 80, 120, 160, 200)), png(0))
    child = start(runtime="poison")
    deaths = 0

    while not cloud.is_idle():  # as a supervisor does
        wait_until(lambda: child.has_ended() or cloud.is_idle())
        if child.has_ended():
            deaths += 1
            child.start()

    assert deaths == cloud.settings.max_attempts
    assert set(cloud.answers()) == set(good)
    assert cloud.capture(poison).state == CaptureState.FAILED
    assert cloud.job(poison).state == JobState.FAILED
    assert "3 times" in str(cloud.capture(poison).reason)
    (late,) = cloud.store(png(90))
    wait_until(cloud.is_idle)
    assert late in cloud.answers()


def test_two_workers_divide_the_captures_and_answer_each_once(cloud: InferenceCloud, start: Start) -> None:
    stored = cloud.store(*(png(100, mark) for mark in range(120)))
    start()
    start()

    wait_until(cloud.is_idle)

    assert {capture_id: len(found) for capture_id, found in cloud.answers().items()} == dict.fromkeys(stored, 1)
