"""Claims on both databases: never double, fenced, counted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from cloud_service.database import transaction
from cloud_service.delivery.events import EventKind
from cloud_service.errors import ConflictError, LostClaimError, NotFoundError
from cloud_service.inference.claims import Claim, claim_batch, complete, count_claimable, fail, fail_exhausted, release
from cloud_service.inference.jobs import add_jobs, retry_job
from cloud_service.models import Capture, Delivery, Event, InferenceJob, now
from shared.vocabulary import CaptureState, JobState
from tests.support.inference import InferenceCloud, png

LEASE = timedelta(minutes=1)
ALREADY_OVER = timedelta(seconds=-1)


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, database_url)
    yield made
    made.close()


def claim(cloud: InferenceCloud, *, limit: int = 8, lease: timedelta = LEASE, max_attempts: int = 3) -> list[Claim]:
    with transaction(cloud.engine) as session:
        return claim_batch(session, "w", limit=limit, lease=lease, max_attempts=max_attempts)


def ids(claims: list[Claim]) -> set[UUID]:
    return {claim.capture_id for claim in claims}


def test_many_workers_share_the_jobs_and_none_gets_one_twice(cloud: InferenceCloud) -> None:
    stored = cloud.store(*(png(9, mark) for mark in range(200)), keep=False)

    def take_until_empty(_worker: int) -> list[UUID]:
        taken: list[UUID] = []
        while claims := claim(cloud, limit=7):
            taken += [claim.capture_id for claim in claims]
        return taken

    with ThreadPoolExecutor(6) as threads:
        taken = [capture_id for part in threads.map(take_until_empty, range(6)) for capture_id in part]

    assert len(taken) == 200
    assert set(taken) == set(stored)


def test_a_batch_takes_the_urgent_and_then_the_oldest(cloud: InferenceCloud) -> None:
    first, second, third = cloud.store(png(1), png(2), png(3), keep=False)
    with transaction(cloud.engine) as session:
        session.get_one(InferenceJob, third).urgency = 0
        session.get_one(InferenceJob, first).created_at = now() - timedelta(hours=1)

    assert ids(claim(cloud, limit=2)) == {third, first}
    assert ids(claim(cloud, limit=2)) == {second}


def test_adding_a_job_twice_changes_nothing(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    claim(cloud)

    with transaction(cloud.engine) as session:
        add_jobs(session, [session.get_one(Capture, capture_id)])

    assert cloud.job(capture_id).state == JobState.CLAIMED


def test_what_was_tried_before_is_claimed_alone_and_first(cloud: InferenceCloud) -> None:
    tried = cloud.store(png(1), png(2), keep=False)
    claim(cloud, lease=ALREADY_OVER)
    fresh = cloud.store(png(3), png(4), keep=False)

    one, other, rest = claim(cloud), claim(cloud), claim(cloud)

    assert [len(one), len(other), len(rest)] == [1, 1, 2]
    assert ids(one) | ids(other) == set(tried)
    assert ids(rest) == set(fresh)
    assert one[0].attempts == 2


def test_an_outcome_is_refused_once_another_holds_the_claim(cloud: InferenceCloud) -> None:
    cloud.store(png(1), keep=False)
    (late,) = claim(cloud, lease=ALREADY_OVER)
    (present,) = claim(cloud)

    def refused() -> pytest.RaisesExc[LostClaimError]:
        return pytest.raises(LostClaimError, match=str(late.capture_id))

    with transaction(cloud.engine) as session:
        assert complete(session, [late]) == set()
    with refused(), transaction(cloud.engine) as session:
        fail(session, late, "why")
    with refused(), transaction(cloud.engine) as session:
        release(session, late, "why")
    assert cloud.job(late.capture_id).state == JobState.CLAIMED

    with transaction(cloud.engine) as session:
        assert complete(session, [present, late]) == {present.capture_id}
    assert cloud.job(late.capture_id).state == JobState.DONE


def test_an_outcome_that_comes_late_still_counts_while_nobody_else_has_claimed(cloud: InferenceCloud) -> None:
    cloud.store(png(1), keep=False)
    (late,) = claim(cloud, lease=ALREADY_OVER)

    with transaction(cloud.engine) as session:
        assert complete(session, [late]) == {late.capture_id}

    assert cloud.job(late.capture_id).state == JobState.DONE


def test_attempts_run_out_and_a_person_tries_again(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    for _attempt in range(3):
        assert len(claim(cloud, lease=ALREADY_OVER)) == 1
    assert claim(cloud) == []

    with transaction(cloud.engine) as session:
        assert fail_exhausted(session, 3) == 1
    with transaction(cloud.engine) as session:
        assert fail_exhausted(session, 3) == 0

    capture = cloud.capture(capture_id)
    assert capture.state == CaptureState.FAILED
    assert "3 times" in str(capture.reason)
    assert cloud.count(Delivery) == 1
    counts = {kind: cloud.count(Event, Event.kind == kind) for kind in EventKind}
    assert {kind: count for kind, count in counts.items() if count} == {"capture": 1, "case": 1}

    with transaction(cloud.engine) as session:
        retry_job(session, capture_id)
    assert cloud.capture(capture_id).state == CaptureState.STORED
    assert claim(cloud)[0].attempts == 1


def test_only_a_failed_analysis_is_tried_again(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)

    with pytest.raises(ConflictError, match="waiting"), transaction(cloud.engine) as session:
        retry_job(session, capture_id)
    with pytest.raises(NotFoundError), transaction(cloud.engine) as session:
        retry_job(session, UUID(int=1))


def test_a_claim_with_its_last_attempt_under_way_is_not_given_up(cloud: InferenceCloud) -> None:
    cloud.store(png(1), keep=False)
    claim(cloud, max_attempts=1)

    with transaction(cloud.engine) as session:
        assert fail_exhausted(session, 1) == 0


def test_a_released_job_waits_and_its_attempt_does_not_count(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    (held,) = claim(cloud)

    with transaction(cloud.engine) as session:
        release(session, held, "the blob store is away")

    job = cloud.job(capture_id)
    assert (job.state, job.attempts, job.reason) == (JobState.WAITING, 0, "the blob store is away")
    assert now() < job.not_before < now() + timedelta(seconds=2)
    assert claim(cloud) == []


def test_the_wait_of_a_released_job_grows_with_its_age_up_to_five_minutes(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    for age, shortest, longest in ((60, 30, 61), (7200, 150, 301)):
        with transaction(cloud.engine) as session:
            job = session.get_one(InferenceJob, capture_id)
            job.created_at, job.not_before = now() - timedelta(seconds=age), now()
        (held,) = claim(cloud)

        with transaction(cloud.engine) as session:
            release(session, held, "away")

        wait = (cloud.job(capture_id).not_before - now()).total_seconds()
        assert shortest - 1 < wait < longest


def test_claimable_jobs_are_counted(cloud: InferenceCloud) -> None:
    cloud.store(png(1), png(2), png(3), keep=False)
    claim(cloud, limit=1)
    claim(cloud, limit=1, lease=ALREADY_OVER)

    with transaction(cloud.engine) as session:
        assert count_claimable(session) == 2
