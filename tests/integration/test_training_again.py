"""Trainings that begin by themselves: by a schedule, or as soon as the newest signed cases are a data set."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.audit.trail import Actor
from cloud_service.database import snapshot, transaction
from cloud_service.datasets.removal import remove_dataset
from cloud_service.errors import ConflictError
from cloud_service.models import AuditEntry, DatasetImport, TrainingJob, TrainingRecipe, TrainingSchedule, now
from cloud_service.training.again import NOT_YET, SIGNED_CASES, train_again
from cloud_service.training.keeping import document_in, save_recipe
from cloud_service.training.schedule import set_schedule
from cloud_service.training.service import cancel_job
from cloud_service.training.upkeep import let_begin
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose, TrainingJobKind, TrainingJobState
from tests.support.accounts import TESTER
from tests.support.recipes import add_images, labelled, small_draft
from tests.support.training_jobs import TrainingCloud

BOB = Actor("bob", "administrator")


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url)
    with transaction(made.engine) as session:
        for name in ("cells", "fields"):
            dataset = add_images(session, made.blobs, labelled(8), name=name)
            save_recipe(session, TESTER, name=name, draft=small_draft(dataset.id))
    yield made
    made.close()


def at_once(do: Callable[[], bool], workers: int = 4) -> list[bool]:
    """What a function returns to so many workers that call it at the same time."""
    together = threading.Barrier(workers)

    def begin(_worker: int) -> bool:
        together.wait()
        return do()

    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(begin, range(workers)))


def begin_at_once(cloud: TrainingCloud) -> list[bool]:
    """What `let_begin` returns to several workers that call it at the same time."""
    return at_once(lambda: let_begin(cloud.engine))


def again(cloud: TrainingCloud, name: str = "cells") -> UUID:
    with transaction(cloud.engine) as session:
        return train_again(session, BOB, name).id


def end_import(cloud: TrainingCloud, state: DatasetImportState, dataset_id: UUID | None = None) -> None:
    """What the import's own jobs do in the end."""
    with transaction(cloud.engine) as session:
        wanted = session.scalars(select(DatasetImport).order_by(DatasetImport.created_at.desc()).limit(1)).one()
        wanted.state, wanted.dataset_id, wanted.reason = state, dataset_id, "Its words."


def signed_dataset(cloud: TrainingCloud, first: int = 100) -> UUID:
    with transaction(cloud.engine) as session:
        return add_images(session, cloud.blobs, labelled(8, first=first), name=SIGNED_CASES).id


def train_jobs(cloud: TrainingCloud) -> list[TrainingJob]:
    with snapshot(cloud.engine) as session:
        jobs = select(TrainingJob).where(TrainingJob.kind == TrainingJobKind.TRAIN).order_by(TrainingJob.created_at)
        return list(session.scalars(jobs))


def recipe_of(cloud: TrainingCloud, job_id: UUID) -> TrainingRecipe:
    with snapshot(cloud.engine) as session:
        return session.get_one(TrainingRecipe, UUID(session.get_one(TrainingJob, job_id).subject))


def test_a_due_schedule_begins_once_however_many_workers_look(cloud: TrainingCloud) -> None:
    with transaction(cloud.engine) as session:
        missed = now() - timedelta(days=15, hours=1)
        set_schedule(session, BOB, recipe_name="cells", every_days=7, first_at=missed)
        set_schedule(session, BOB, recipe_name="fields", every_days=7)
    assert begin_at_once(cloud).count(True) == 1
    assert not let_begin(cloud.engine)

    [job] = train_jobs(cloud)
    assert (job.state, job.not_before, job.created_by) == (TrainingJobState.WAITING, NOT_YET, "schedule of bob")
    assert cloud.count(DatasetImport) == 1
    with snapshot(cloud.engine) as session:
        schedule = session.get_one(TrainingSchedule, "cells")
        assert schedule.next_at == missed + timedelta(days=21)  # what was missed is not made up for


def test_what_cannot_begin_by_its_schedule_says_why_and_holds_up_nothing(cloud: TrainingCloud) -> None:
    with transaction(cloud.engine) as session:
        add_images(session, cloud.blobs, labelled(8, first=50), name=SIGNED_CASES, purpose=DatasetPurpose.LOCKED_TEST)
        for name in ("cells", "fields"):
            set_schedule(session, BOB, recipe_name=name, every_days=1, first_at=now())
    assert let_begin(cloud.engine)
    for job in train_jobs(cloud):
        assert (job.state, job.ended_at is not None) == (TrainingJobState.FAILED, True)
        assert "Not started: The versions of 'signed cases' are for locked-test" in str(job.reason)
    assert len(train_jobs(cloud)) == 2
    assert not let_begin(cloud.engine)
    assert cloud.count(DatasetImport) == 0


def test_the_newest_signed_cases_become_a_version_of_the_recipe_and_then_a_job(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    assert not let_begin(cloud.engine)
    assert "Waits for the data set 'signed cases'" in str(cloud.job(job_id).reason)
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud))
    assert begin_at_once(cloud).count(True) == 1

    job, recipe = cloud.job(job_id), recipe_of(cloud, job_id)
    assert (job.state, job.reason, job.subject_name) == (TrainingJobState.WAITING, None, "cells 2")
    assert job.not_before <= now()
    assert [(one["name"], one["number"]) for one in recipe.document["datasets"]] == [("cells", 1), (SIGNED_CASES, 1)]
    assert recipe.created_by == "bob"
    with snapshot(cloud.engine) as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.actor == "bob").order_by(AuditEntry.position))
        assert [entry.action for entry in told] == ["dataset-import-begun", "training-started", "recipe-saved"]

    # The second time their former version gives way to the new one.
    with transaction(cloud.engine) as session:
        cancel_job(session, BOB, job_id)
    job_id = again(cloud)
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud, first=200))
    assert let_begin(cloud.engine)
    recipe = recipe_of(cloud, job_id)
    assert [(one["name"], one["number"]) for one in recipe.document["datasets"]] == [("cells", 1), (SIGNED_CASES, 2)]
    assert (recipe.number, recipe.document["training"]["epochs"]) == (3, 2)


def test_one_training_of_a_recipe_at_a_time(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    with pytest.raises(ConflictError, match=f"'cells' is waiting already: job {job_id}"):
        again(cloud)

    def ask() -> bool:
        try:
            again(cloud, "fields")
        except ConflictError:
            return False
        return True

    assert at_once(ask).count(True) == 1


def test_what_somebody_changed_while_a_training_waited_for_its_data_holds(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    with transaction(cloud.engine) as session:
        former = [reference.id for reference in document_in(recipe_of(cloud, job_id)).datasets]
        save_recipe(session, TESTER, name="cells", draft=small_draft(*former, epochs=5))
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud))
    assert let_begin(cloud.engine)
    recipe = recipe_of(cloud, job_id)
    assert (recipe.number, recipe.document["training"]["epochs"], len(recipe.document["datasets"])) == (3, 5, 2)


def test_a_training_whose_data_set_is_refused_fails_in_its_words(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    end_import(cloud, DatasetImportState.REFUSED)
    assert let_begin(cloud.engine)
    job = cloud.job(job_id)
    assert (job.state, job.reason) == (
        TrainingJobState.FAILED,
        "The import of 'signed cases' was refused: Its words.",
    )
    assert cloud.count(TrainingRecipe) == 2


def test_signed_cases_that_are_a_data_set_already_are_trained_on_unless_the_recipe_has_them(
    cloud: TrainingCloud,
) -> None:
    made = signed_dataset(cloud)
    for state in (TrainingJobState.WAITING, TrainingJobState.FAILED):
        job_id = again(cloud)
        end_import(cloud, DatasetImportState.REFUSED, made)  # it holds nothing new
        assert let_begin(cloud.engine)
        assert cloud.job(job_id).state == state
        if state is TrainingJobState.WAITING:
            assert recipe_of(cloud, job_id).number == 2
            with transaction(cloud.engine) as session:
                cancel_job(session, BOB, job_id)


def test_a_data_set_that_waits_for_a_person_is_waited_for(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    end_import(cloud, DatasetImportState.CHECKED)
    assert let_begin(cloud.engine)
    assert "Waits for somebody to keep the data set 'signed cases'" in str(cloud.job(job_id).reason)
    assert not let_begin(cloud.engine)
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud))
    assert let_begin(cloud.engine)
    assert cloud.job(job_id).reason is None


def test_a_training_that_waits_for_its_data_set_can_be_cancelled(cloud: TrainingCloud) -> None:
    job_id = again(cloud)
    with transaction(cloud.engine) as session:
        cancel_job(session, BOB, job_id)
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud))
    assert not let_begin(cloud.engine)
    assert (cloud.job(job_id).state, cloud.count(TrainingRecipe)) == (TrainingJobState.CANCELLED, 2)


def test_a_data_set_that_was_removed_meanwhile_ends_it_and_holds_up_nothing(cloud: TrainingCloud) -> None:
    first = again(cloud)
    dataset_id = signed_dataset(cloud)
    end_import(cloud, DatasetImportState.IMPORTED, dataset_id)
    with transaction(cloud.engine) as session:
        remove_dataset(session, BOB, dataset_id)
    second = again(cloud, "fields")
    end_import(cloud, DatasetImportState.IMPORTED, signed_dataset(cloud, first=200))
    assert let_begin(cloud.engine)
    assert "is removed" in str(cloud.job(first).reason)
    assert (cloud.job(first).state, cloud.job(second).subject_name) == (TrainingJobState.FAILED, "fields 2")
