"""Whole workers of the training queue, with a real Redis, killed at every stage: each job is finished exactly once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis
from pydantic import SecretStr

from cloud_service.models import TrainingJob
from cloud_service.vocabulary import TrainingJobState
from cloud_service.wakeup import Notifier
from tests.support.servers import Postgres, Redis
from tests.support.training_jobs import TrainingCloud, TrainingWorker, assert_finished_once, cancel, processes_of
from tests.support.waiting import PATIENCE, wait_until

NEVER = 3600.0
Start = Callable[..., TrainingWorker]


@pytest.fixture
def cloud(tmp_path: Path, database_url: str, redis_server: Redis) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url, redis_url=SecretStr(redis_server.url))
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, cloud: TrainingCloud) -> Iterator[Start]:
    """A factory of running workers; `changes` replace settings."""
    workers: list[TrainingWorker] = []

    def started(**changes: object) -> TrainingWorker:
        settings = cloud.settings.model_copy(update=changes)
        workers.append(TrainingWorker(tmp_path / f"worker-{len(workers)}", settings))
        return workers[-1].start()

    yield started
    for worker in workers:
        worker.stop()


def test_a_nudge_brings_the_outcome_and_sigterm_ends_the_worker(
    cloud: TrainingCloud, redis_server: Redis, start: Start
) -> None:
    worker = start(sweep_seconds=NEVER)
    job_id = cloud.add()

    with Notifier(redis_server.url) as notifier:
        notifier.training()
        wait_until(lambda: cloud.is_over(job_id))

    assert_finished_once(cloud, job_id)
    worker.stop()
    assert '"level": "error"' not in worker.log.read_text()


@pytest.mark.parametrize("stage", ["prepare", "finish", "finished"])
def test_a_worker_that_dies_on_its_side_of_the_work_is_made_good(
    cloud: TrainingCloud, start: Start, stage: str
) -> None:
    worker = start()
    cloud.set("die", stage)
    job_id = cloud.add()

    worker.wait()
    assert not cloud.is_over(job_id)
    start()
    wait_until(lambda: cloud.is_over(job_id))

    assert_finished_once(cloud, job_id)
    assert cloud.job(job_id).attempts <= 2


def test_a_worker_that_dies_before_it_claims_leaves_the_job_to_another(cloud: TrainingCloud, start: Start) -> None:
    worker = start(sweep_seconds=NEVER)
    worker.kill_alone()
    job_id = cloud.add()

    start()
    wait_until(lambda: cloud.is_over(job_id))

    assert_finished_once(cloud, job_id)
    assert cloud.job(job_id).attempts == 1


@pytest.mark.parametrize("stage", ["begin", "epoch-2", "before-outcome", "after-outcome"])
def test_the_process_dies_with_its_worker_and_another_goes_on(cloud: TrainingCloud, start: Start, stage: str) -> None:
    hold = cloud.set("hold", stage)
    job_id = cloud.add()
    worker = start()
    wait_until(lambda: cloud.came_to(stage))
    [process] = processes_of(worker.pid)

    worker.kill_alone()
    psutil.wait_procs([process], timeout=PATIENCE)
    assert not process.is_running()

    hold.unlink()
    start()
    wait_until(lambda: cloud.is_over(job_id))
    assert_finished_once(cloud, job_id)
    behind = {"begin": 0, "epoch-2": 1}.get(stage, 3)
    log = cloud.job(job_id).log_tail
    assert (f"goes on behind {behind}" in log) or stage == "after-outcome"


def test_two_workers_do_one_job_once(cloud: TrainingCloud, start: Start) -> None:
    start()
    start()
    jobs = [cloud.add(1) for _job in range(4)]

    wait_until(lambda: all(map(cloud.is_over, jobs)))

    for job_id in jobs:
        assert_finished_once(cloud, job_id, 1)
        assert cloud.job(job_id).attempts == 1


def test_a_redis_that_is_emptied_while_a_job_runs_and_another_waits_loses_nothing(
    cloud: TrainingCloud, redis_server: Redis, start: Start
) -> None:
    hold = cloud.set("hold", "epoch-2")
    start()
    first, second = cloud.add(), cloud.add()
    with Notifier(redis_server.url) as notifier:
        notifier.training()
        wait_until(lambda: cloud.came_to("epoch-2"))
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()

    hold.unlink()
    wait_until(lambda: cloud.is_over(first) and cloud.is_over(second))

    assert_finished_once(cloud, first)
    assert_finished_once(cloud, second)


def test_a_redis_that_is_killed_holds_up_neither_the_job_nor_its_end(
    cloud: TrainingCloud, redis_server: Redis, start: Start
) -> None:
    hold, job_id = cloud.set("hold", "epoch-2"), cloud.add()
    worker = start()
    wait_until(lambda: cloud.came_to("epoch-2"))
    redis_server.kill()

    hold.unlink()
    wait_until(lambda: cloud.is_over(job_id))
    redis_server.start()
    later = cloud.add()
    wait_until(lambda: cloud.is_over(later))

    assert_finished_once(cloud, job_id)
    assert_finished_once(cloud, later)
    assert worker.is_running()


def test_a_job_whose_worker_was_killed_can_be_cancelled(cloud: TrainingCloud, start: Start) -> None:
    cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    worker = start()
    wait_until(lambda: cloud.came_to("epoch-2"))
    worker.kill_alone()

    cancel(cloud, job_id)
    start()
    wait_until(lambda: cloud.is_over(job_id))

    assert cloud.job(job_id).state == TrainingJobState.CANCELLED
    assert cloud.count(TrainingJob, TrainingJob.worker.is_not(None)) == 0
    wait_until(lambda: not cloud.folder(job_id).exists())


def test_a_worker_that_was_frozen_ends_its_process_and_the_one_that_took_over_goes_on(
    cloud: TrainingCloud, start: Start
) -> None:
    hold = cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    frozen = psutil.Process(start().pid)
    wait_until(lambda: (told := cloud.job(job_id).progress) is not None and told.epoch == 2)
    [first] = processes_of(frozen.pid)
    frozen.suspend()  # while it writes nothing: else it would hold the database

    start()
    wait_until(lambda: (cloud.job(job_id).reason or "").startswith("Another process still works in"))
    assert first.is_running()
    frozen.resume()
    psutil.wait_procs([first], timeout=PATIENCE)
    assert not first.is_running()
    hold.unlink()
    wait_until(lambda: cloud.is_over(job_id))

    assert_finished_once(cloud, job_id)


@contextmanager
def killed(postgres: Postgres) -> Iterator[None]:
    """The database is away for a while."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.start()


def test_a_job_works_on_while_the_database_is_away_and_is_finished_when_it_is_back(
    tmp_path: Path, postgres: Postgres, postgres_url: str, redis_server: Redis
) -> None:
    cloud = TrainingCloud(tmp_path, postgres_url, redis_url=SecretStr(redis_server.url))
    hold, held_later = cloud.set("hold", "epoch-2"), cloud.set("hold", "before-outcome")
    job_id = cloud.add()
    worker = TrainingWorker(tmp_path / "worker", cloud.settings)
    try:
        worker.start()
        wait_until(lambda: len(cloud.job(job_id).epochs) == 1)
        with killed(postgres):
            hold.unlink()
            wait_until(lambda: cloud.came_to("before-outcome"))
            wait_until(lambda: "a job's process works on" in worker.log.read_text())
        wait_until(lambda: len(cloud.job(job_id).epochs) == 3)
        with killed(postgres):
            held_later.unlink()
            wait_until(lambda: "a job's state is written later" in worker.log.read_text())
        wait_until(lambda: cloud.is_over(job_id))
        assert_finished_once(cloud, job_id)
        assert cloud.job(job_id).attempts == 1
    finally:
        worker.stop()
        cloud.close()
