"""A training as it is: by a worker of the training queue, in a process of its own, with torch."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot, transaction
from cloud_service.models import ModelVersion
from cloud_service.training.keeping import save_recipe
from cloud_service.training.kinds import kind_of
from cloud_service.training.process import TrainingProcess
from cloud_service.training.starting import start_training
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import ALICE
from tests.support.recipes import add_images, small_draft
from tests.support.training_jobs import TrainingCloud, cancel, children, running
from tests.support.waiting import wait_until


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url)
    yield made
    made.close()


def a_training(cloud: TrainingCloud, **training: object) -> UUID:
    with transaction(cloud.engine) as session:
        draft = small_draft(add_images(session, cloud.blobs).id, **training)
        recipe = save_recipe(session, ALICE, name="cells", draft=draft)
        return start_training(session, ALICE, recipe.id).id


def worker(cloud: TrainingCloud) -> TrainingProcess:
    return TrainingProcess(cloud.engine, cloud.blobs, cloud.wake_ups, cloud.settings, kind_of)


def test_a_training_gives_a_candidate_and_its_curves(cloud: TrainingCloud) -> None:
    job_id = a_training(cloud, epochs=3)
    assert worker(cloud).run_one()

    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.DONE, None), job.log_tail
    assert [record.epoch for record in job.epochs] == [1, 2, 3]
    assert "epoch 3: training loss" in job.log_tail
    assert job.result is not None
    with snapshot(cloud.engine) as session:
        version = session.scalars(select(ModelVersion)).one()
    assert (version.digest, version.name, version.version) == (job.result["model"], "cells", "1")
    assert (version.state, version.training_job_id, version.registered_by) == ("candidate", job_id, "alice")
    assert cloud.blobs.get(str(version.package_sha256))
    assert not cloud.folder(job_id).exists()


def test_a_training_is_cancelled_in_the_middle_of_an_epoch(cloud: TrainingCloud) -> None:
    job_id = a_training(cloud, epochs=100_000)
    with running(worker(cloud)):
        wait_until(lambda: len(cloud.job(job_id).epochs) > 1, 90)
        cancel(cloud, job_id)
        wait_until(lambda: cloud.is_over(job_id))
        assert not children()
    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.CANCELLED, "alice cancelled it.")
    assert job.epochs  # its curves stay


def test_a_loss_that_is_no_number_fails_the_job_in_words(cloud: TrainingCloud) -> None:
    job_id = a_training(cloud, learning_rate=1e30)
    assert worker(cloud).run_one()
    job = cloud.job(job_id)
    assert (job.state, job.attempts) == (TrainingJobState.FAILED, 1)
    assert "loss is no longer a number. Lower the learning rate" in str(job.reason)
