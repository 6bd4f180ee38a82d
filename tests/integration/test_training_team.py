"""A training that several processes make together, as several GPUs do: here on the CPU."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from cloud_service.database import transaction
from cloud_service.models import ModelVersion
from cloud_service.training.keeping import save_recipe
from cloud_service.training.process import TrainingProcess
from cloud_service.training.starting import start_training
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import ALICE
from tests.support.recipes import add_images, small_draft
from tests.support.training_jobs import TrainingCloud, children, running
from tests.support.waiting import PATIENCE, wait_until

EPOCHS = 40  # enough that it is far from its end when it is killed


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url, training_processes=2)
    yield made
    made.close()


def a_training(cloud: TrainingCloud, **training: object) -> UUID:
    with transaction(cloud.engine) as session:
        draft = small_draft(add_images(session, cloud.blobs).id, **training)
        recipe = save_recipe(session, ALICE, name="cells", draft=draft)
        return start_training(session, ALICE, recipe.id).id


def worker(cloud: TrainingCloud) -> TrainingProcess:
    return TrainingProcess(cloud.engine, cloud.blobs, cloud.wake_ups, cloud.settings)


def test_a_team_that_was_killed_goes_on_and_gives_one_model(cloud: TrainingCloud) -> None:
    job_id = a_training(cloud, epochs=EPOCHS, batch_size=8)
    with running(worker(cloud)):
        wait_until(lambda: len(cloud.job(job_id).epochs) > 1, 90)
        [leading] = children()  # torchrun, which has taken the place of the job's process
        team = leading.children()
        leading.kill()
        psutil.wait_procs(team, timeout=PATIENCE)
        assert len(team) == 2
        assert not any(process.is_running() for process in team)
        wait_until(lambda: cloud.is_over(job_id), 90)

    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.DONE, None), job.log_tail
    assert [record.epoch for record in job.epochs] == list(range(1, EPOCHS + 1))
    assert "Goes on after epoch" in job.log_tail
    assert cloud.count(ModelVersion) == 1


def test_what_ends_one_of_a_team_for_good_ends_the_job_in_its_words(cloud: TrainingCloud) -> None:
    job_id = a_training(cloud, learning_rate=1e30)

    worker(cloud).run_one()

    job = cloud.job(job_id)
    assert job.state == TrainingJobState.FAILED
    assert job.reason is not None
    assert "is no longer a number" in job.reason
