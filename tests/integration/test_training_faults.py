"""Faults of a training job: those that may pass, those that will not, and those that nobody foresaw."""

import fcntl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.models import AuditEntry, TrainingJob, now
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import Counting
from tests.support.training_jobs import TrainingCloud, assert_finished_once, children, running
from tests.support.waiting import wait_until


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url)
    yield made
    made.close()


def test_a_fault_that_may_pass_is_waited_for_and_costs_no_attempt(cloud: TrainingCloud) -> None:
    fault, job_id = cloud.set("fault", "begin", "transient"), cloud.add()
    process = cloud.process()

    assert process.run_one()
    job = cloud.job(job_id)
    assert (job.state, job.attempts, job.reason) == (TrainingJobState.WAITING, 0, "The blob store is away.")
    assert job.not_before > now()

    fault.unlink()
    wait_until(process.run_one)
    assert_finished_once(cloud, job_id)


def test_patience_with_such_faults_ends(cloud: TrainingCloud) -> None:
    cloud.set("fault", "prepare", "transient")
    job_id = cloud.add()
    process = cloud.process(transient_patience_seconds=0.001)

    process.run_one()
    wait_until(process.run_one)

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.FAILED
    assert job.reason is not None
    assert job.reason.startswith("The blob store is away. It was tried again and again")


@pytest.mark.parametrize("stage", ["prepare", "begin", "epoch-2", "finish"])
def test_what_will_not_change_by_itself_fails_with_its_reason(cloud: TrainingCloud, stage: str) -> None:
    cloud.set("fault", stage, "permanent")
    job_id = cloud.add()

    cloud.process().run_one()

    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.FAILED, "The loss is no longer a number.")
    assert cloud.count(AuditEntry, AuditEntry.action == "model-rejected") == 1
    assert not cloud.folder(job_id).exists()


def test_a_full_disk_is_named_and_waited_for(cloud: TrainingCloud) -> None:
    cloud.set("fault", "epoch-2", "full")
    job_id = cloud.add()

    cloud.process().run_one()

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.WAITING
    assert job.reason == "The disk is full (checkpoint). Free some space; the job then goes on by itself."


def test_an_error_that_nobody_foresaw_is_tried_again_and_then_given_up_with_the_log(cloud: TrainingCloud) -> None:
    cloud.set("fault", "begin", "unforeseen")
    job_id = cloud.add()
    process = cloud.process(training_max_attempts=2)

    process.run_one()
    assert cloud.job(job_id).state == TrainingJobState.WAITING
    wait_until(process.run_one)

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.FAILED
    assert job.reason == (
        "Its process ended with exit code 1: RuntimeError: nobody foresaw this. That was attempt 2 of 2; see the job's "
        "log."
    )
    assert "Traceback" in job.log_tail


@pytest.mark.parametrize("stage", ["begin", "epoch-1", "epoch-3", "before-outcome", "after-outcome"])
def test_a_killed_process_goes_on_where_it_was(cloud: TrainingCloud, stage: str) -> None:
    cloud.set("die", stage)
    job_id = cloud.add()
    process = cloud.process()

    process.run_one()
    wait_until(lambda: cloud.is_over(job_id) or process.run_one())

    assert_finished_once(cloud, job_id)
    assert "Its process was killed by SIGKILL" in cloud.job(job_id).log_tail


def test_a_job_that_gets_on_between_kills_has_all_its_attempts_again(cloud: TrainingCloud) -> None:
    job_id = cloud.add(4)
    process = cloud.process(training_max_attempts=2)
    for epoch in range(1, 5):
        cloud.set("die", f"epoch-{epoch}")

    wait_until(lambda: process.run_one() and cloud.is_over(job_id))

    assert_finished_once(cloud, job_id, 4)


def test_a_folder_that_another_process_works_in_is_waited_for(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    cloud.folder(job_id).mkdir(parents=True)
    process = cloud.process()
    with (cloud.folder(job_id) / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.run_one()

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.WAITING
    assert job.reason is not None
    assert job.reason.startswith("Another process still works in")
    wait_until(process.run_one)
    assert_finished_once(cloud, job_id)


def test_what_a_kind_raises_unforeseen_in_the_worker_does_not_end_it(cloud: TrainingCloud) -> None:
    cloud.set("fault", "prepare", "unforeseen")
    job_id = cloud.add()
    with running(cloud.process(training_lease_seconds=0.2, training_max_attempts=2)):
        wait_until(lambda: cloud.is_over(job_id))

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.FAILED
    assert job.reason is not None
    assert job.reason.startswith("2 attempts ended without an outcome")


def break_off(*_: object) -> None:
    raise RuntimeError("nobody foresaw this")


@pytest.mark.parametrize("part", ["attempt.write_news", "running.JobProcess.messages"])
def test_no_process_works_on_where_the_worker_beside_it_broke_off(
    cloud: TrainingCloud, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(f"cloud_service.training.{part}", break_off)
    cloud.set("hold", "begin")
    job_id = cloud.add()
    before = set(threading.enumerate())

    with pytest.raises(RuntimeError, match="nobody foresaw this"):
        cloud.process().run_one()

    assert children() == []
    assert set(threading.enumerate()) <= before
    assert cloud.job(job_id).state == TrainingJobState.RUNNING  # until its lease runs out


def test_a_long_preparation_costs_no_lease(cloud: TrainingCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Counting):
        def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:
            super().prepare(session, job, folder, blobs)
            job.lease_until = now() - timedelta(minutes=1)

    job_id = cloud.add()
    monkeypatch.setattr("cloud_service.training.attempt.JobProcess", break_off)
    with pytest.raises(RuntimeError, match="nobody foresaw this"):
        cloud.process(Slow, training_lease_seconds=60.0).run_one()

    with snapshot(cloud.engine) as session:
        lease_until = session.get_one(TrainingJob, job_id).lease_until
    assert lease_until is not None
    assert lease_until > now()
