"""A training worker and the processes of its jobs: done, told, cancelled, put back, shared."""

import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service.database import transaction
from cloud_service.models import AuditEntry, TrainingJob, now
from cloud_service.training.process import TrainingProcess
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from tests.support.counting import Counting, CountingTogether
from tests.support.training_jobs import TrainingCloud, assert_finished_once, cancel, children, running
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url)
    yield made
    made.close()


def test_a_job_is_done_and_told(cloud: TrainingCloud) -> None:
    job_id = cloud.add()

    assert cloud.process().run_one()

    assert_finished_once(cloud, job_id)
    job = cloud.job(job_id)
    assert (job.attempts, job.worker) == (1, None)
    assert "goes on behind 0" in job.log_tail
    assert cloud.states_told(job_id) == ["waiting", "running", "done"]
    assert cloud.wake_ups.change_calls >= 3
    assert not cloud.process().run_one()


def test_it_comes_last_and_has_the_threads_that_the_settings_allow(cloud: TrainingCloud) -> None:
    hold, job_id = cloud.set("hold", "begin"), cloud.add()
    with running(cloud.process(training_threads=3, training_comes_last=True)):
        wait_until(lambda: cloud.came_to("begin"))
        [child] = children()
        environment = child.environ()
        assert child.nice() == 19
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text() == "500\n"
        hold.unlink()
        wait_until(lambda: cloud.is_over(job_id))
    assert environment["OMP_NUM_THREADS"] == environment["SMEARFLOW_TRAINING_THREADS"] == "3"


def test_a_job_that_runs_is_cancelled(cloud: TrainingCloud) -> None:
    cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    with running(cloud.process()):
        wait_until(lambda: cloud.came_to("epoch-2"))
        cancel(cloud, job_id)
        wait_until(lambda: cloud.is_over(job_id))

    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.CANCELLED, "alice cancelled it.")
    assert not cloud.folder(job_id).exists()
    assert cloud.count(AuditEntry, AuditEntry.action == "model-rejected") == 1
    assert children() == []


def test_a_worker_that_is_stopped_puts_its_job_back_at_once(cloud: TrainingCloud) -> None:
    hold = cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    with running(cloud.process()):
        wait_until(lambda: cloud.came_to("epoch-2"))

    job = cloud.job(job_id)
    assert (job.state, job.attempts, job.worker) == (TrainingJobState.WAITING, 0, None)
    assert children() == []
    hold.unlink()
    assert cloud.process().run_one()
    assert_finished_once(cloud, job_id)
    assert "goes on behind 1" in cloud.job(job_id).log_tail


def test_a_worker_that_lost_its_claim_ends_the_process_and_writes_nothing(cloud: TrainingCloud) -> None:
    hold = cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    with running(cloud.process()):
        wait_until(lambda: len(cloud.job(job_id).epochs) == 1)
        with transaction(cloud.engine) as session:
            job = session.get_one(TrainingJob, job_id)
            job.token += 1
            job.worker = "another"
        wait_until(lambda: children() == [])

        assert cloud.job(job_id).worker == "another"
        assert cloud.job(job_id).state == TrainingJobState.RUNNING
        hold.unlink()
        with transaction(cloud.engine) as session:
            session.get_one(TrainingJob, job_id).lease_until = now()
        wait_until(lambda: cloud.is_over(job_id))
    assert_finished_once(cloud, job_id)


def test_two_processes_never_work_in_one_folder(cloud: TrainingCloud) -> None:
    hold = cloud.set("hold", "epoch-2")
    job_id = cloud.add()
    with running(cloud.process()):
        wait_until(lambda: len(cloud.job(job_id).epochs) == 1)
        with (cloud.folder(job_id) / ".lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hold.unlink()
        wait_until(lambda: cloud.is_over(job_id))
    assert_finished_once(cloud, job_id)


def test_people_who_wait_for_a_dry_run_come_before_trainings(cloud: TrainingCloud) -> None:
    training = cloud.add(1, TrainingJobKind.TRAIN)
    check = cloud.add(1, TrainingJobKind.CHECK_IMPORT)
    process = cloud.process()

    process.run_one()

    assert cloud.is_over(check)
    assert not cloud.is_over(training)


def test_several_processes_count_together_and_one_tells(cloud: TrainingCloud) -> None:
    pytest.importorskip("torch")
    hold, job_id = cloud.set("hold", "before-outcome"), cloud.add(2)
    with running(cloud.process(CountingTogether, training_processes=2)):
        ranks = [cloud.folder(job_id) / f"rank-{rank}-of-2" for rank in range(2)]
        wait_until(lambda: all(rank.exists() for rank in ranks))
        wait_until(lambda: cloud.came_to("before-outcome"))
        hold.unlink()
        wait_until(lambda: cloud.is_over(job_id))

    assert_finished_once(cloud, job_id, 2)


def test_a_nudge_is_heard_before_the_clock(cloud: TrainingCloud) -> None:
    looked = threading.Event()

    class Kind(Counting):
        def prepare(self, *parts: object) -> None:
            looked.set()
            super().prepare(*parts)  # type: ignore[arg-type]

    process = TrainingProcess(
        cloud.engine,
        cloud.blobs,
        cloud.wake_ups,
        cloud.settings.model_copy(update={"sweep_seconds": 3600.0}),
        lambda _n: Kind(),
    )
    with running(process):
        cloud.add()
        process.look()
        assert looked.wait(PATIENCE)
