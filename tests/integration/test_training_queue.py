"""Claims on jobs of the training queue, on both databases: never double, fenced, counted; and how people end jobs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind
from cloud_service.errors import ConflictError, LostClaimError, NotFoundError
from cloud_service.models import AuditEntry, Event, TrainingJob, now
from cloud_service.training import queue, service
from cloud_service.training.queries import job_summary, newest_jobs
from cloud_service.training.queue import Claim, claim_job, give_up_orphans, held_job, is_cancelled
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from tests.support.counting import ALICE, Counting
from tests.support.training_jobs import TrainingCloud, cancel

LEASE = timedelta(minutes=1)
ALREADY_OVER = timedelta(seconds=-1)


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a job's kind is, it counts."""
    monkeypatch.setattr(service, "kind_of", lambda _name: Counting())


def claim(cloud: TrainingCloud, *, lease: timedelta = LEASE, max_attempts: int = 3) -> Claim | None:
    with transaction(cloud.engine) as session:
        return claim_job(session, "w", lease=lease, max_attempts=max_attempts)


def claimed(cloud: TrainingCloud, *, lease: timedelta = LEASE) -> Claim:
    found = claim(cloud, lease=lease)
    assert found is not None
    return found


def give_up(cloud: TrainingCloud, max_attempts: int = 3) -> int:
    with transaction(cloud.engine) as session:
        return give_up_orphans(session, lambda _name: Counting(), max_attempts)


def test_many_workers_share_the_jobs_and_none_gets_one_twice(cloud: TrainingCloud) -> None:
    jobs = {cloud.add() for _job in range(40)}

    def take_until_empty(_worker: int) -> list[UUID]:
        taken: list[UUID] = []
        while found := claim(cloud):
            taken.append(found.job_id)
        return taken

    with ThreadPoolExecutor(4) as threads:
        taken = [job_id for part in threads.map(take_until_empty, range(4)) for job_id in part]

    assert len(taken) == 40
    assert set(taken) == jobs


def test_short_work_that_people_wait_for_comes_first_and_then_the_oldest(cloud: TrainingCloud) -> None:
    kinds = [TrainingJobKind.TRAIN, TrainingJobKind.TRAIN, TrainingJobKind.ASSESS, TrainingJobKind.CHECK_IMPORT]
    first, second, assessment, check = (cloud.add(kind=kind) for kind in kinds)

    assert [claimed(cloud).job_id for _job in range(4)] == [check, assessment, first, second]


def test_a_lease_that_ran_out_gives_the_job_to_another_and_shuts_the_first_out(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    first = claimed(cloud, lease=ALREADY_OVER)
    second = claimed(cloud)

    assert (first.job_id, second.job_id) == (job_id, job_id)
    assert (second.token, second.attempts) == (first.token + 1, 2)
    for look in (is_cancelled, held_job):
        with pytest.raises(LostClaimError), transaction(cloud.engine) as session:
            look(session, first)
    with transaction(cloud.engine) as session:
        assert held_job(session, second).id == job_id
    assert claim(cloud) is None


def test_a_job_that_is_put_off_is_not_claimed_before_its_time(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    with transaction(cloud.engine) as session:
        session.get_one(TrainingJob, job_id).not_before = now() + timedelta(minutes=1)

    assert claim(cloud) is None


def test_the_wait_for_a_fault_to_pass_grows_with_its_age(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    waits = []
    for age in (0, 60, 3600):
        with transaction(cloud.engine) as session:
            job = session.get_one(TrainingJob, job_id)
            job.not_before, job.troubled_since = now(), now() - timedelta(seconds=age)
        held = claimed(cloud)
        with transaction(cloud.engine) as session:
            job = held_job(session, held)
            queue.postpone(session, job, Counting(), "The blob store is away.", timedelta(days=1))
            waits.append((job.not_before - now()).total_seconds())
            assert job.attempts == 0

    assert 0 < waits[0] <= 1
    assert 29 < waits[1] <= 60
    assert 149 < waits[2] <= 300


def test_jobs_whose_workers_died_each_time_are_given_up(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    for _attempt in range(2):
        claimed(cloud, lease=ALREADY_OVER)

    assert give_up(cloud, 3) == 0
    assert claim(cloud, max_attempts=2) is None
    assert give_up(cloud, 2) == 1

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.FAILED
    assert job.reason is not None
    assert job.reason.startswith("2 attempts ended without an outcome")
    assert cloud.count(AuditEntry, AuditEntry.action == Action.MODEL_REJECTED) == 1  # the kind heard of it


def test_a_job_whose_kind_cannot_note_its_end_ends_all_the_same(
    cloud: TrainingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(Counting):
        def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
            super().fail(session, job, reason)
            raise NotFoundError("There is no such import.")

    job_id = cloud.add()
    claimed(cloud, lease=ALREADY_OVER)
    with transaction(cloud.engine) as session:
        assert give_up_orphans(session, lambda _name: Lost(), 1) == 1
    monkeypatch.setattr(service, "kind_of", lambda _name: Lost())
    waiting = cloud.add()
    cancel(cloud, waiting)

    assert cloud.job(job_id).state == TrainingJobState.FAILED
    assert cloud.job(waiting).state == TrainingJobState.CANCELLED
    assert cloud.count(AuditEntry, AuditEntry.action == Action.MODEL_REJECTED) == 0  # of that nothing is left


def test_a_job_that_waits_is_cancelled_at_once_and_never_claimed(cloud: TrainingCloud) -> None:
    job_id = cloud.add()

    cancel(cloud, job_id)

    job = cloud.job(job_id)
    assert (job.state, job.reason, job.is_cancelling) == (TrainingJobState.CANCELLED, "alice cancelled it.", False)
    assert claim(cloud) is None
    assert cloud.count(AuditEntry, AuditEntry.action == Action.TRAINING_CANCELLED) == 1
    assert cloud.count(AuditEntry, AuditEntry.action == Action.MODEL_REJECTED) == 1
    assert cloud.states_told(job_id) == ["waiting", "cancelled"]
    with pytest.raises(ConflictError, match="is cancelled already"):
        cancel(cloud, job_id)


def test_a_job_at_work_is_cancelled_once_and_its_worker_sees_it(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    held = claimed(cloud)

    cancel(cloud, job_id)

    assert cloud.job(job_id).is_cancelling
    with transaction(cloud.engine) as session:
        assert is_cancelled(session, held)
    with pytest.raises(ConflictError, match="is being cancelled for alice already"):
        cancel(cloud, job_id)
    with pytest.raises(NotFoundError):
        cancel(cloud, uuid4())


def test_a_cancelled_job_whose_worker_died_is_ended_by_the_sweep(cloud: TrainingCloud) -> None:
    job_id = cloud.add()
    claimed(cloud, lease=ALREADY_OVER)
    cancel(cloud, job_id)

    assert claim(cloud) is None
    assert give_up(cloud) == 1
    assert cloud.job(job_id).state == TrainingJobState.CANCELLED


def test_progress_replaces_its_own_event_and_no_other(cloud: TrainingCloud) -> None:
    job_id, other = cloud.add(), cloud.add()
    told = None
    for _second in range(5):
        with transaction(cloud.engine) as session:
            told = service.tell(session, session.get_one(TrainingJob, job_id), instead_of=told)

    assert cloud.count(Event, Event.subject == str(job_id)) == 2
    assert cloud.count(Event, Event.subject == str(other)) == 1
    assert cloud.count(Event, Event.kind != EventKind.TRAINING) == 0


def test_a_list_of_jobs_reads_neither_logs_nor_results(cloud: TrainingCloud) -> None:
    cloud.add()
    with snapshot(cloud.engine) as session:
        [job] = newest_jobs(session, 10)
        assert job_summary(session, job).state == TrainingJobState.WAITING
        assert inspect(job).unloaded >= {"log_tail", "result"}


def test_who_adds_a_job_is_named(cloud: TrainingCloud) -> None:
    job = cloud.job(cloud.add())

    assert (job.created_by, job.state, job.attempts) == (ALICE.name, TrainingJobState.WAITING, 0)
    assert job.subject_name is None  # of a recipe that is not there
