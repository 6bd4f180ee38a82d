"""A job that may use every GPU does so. Run with `make test-gpu`; skipped where there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cloud_service.database import transaction
from cloud_service.training.keeping import save_recipe
from cloud_service.training.process import TrainingProcess
from cloud_service.training.starting import start_training
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import ALICE, CountingTogether
from tests.support.recipes import add_images, small_draft
from tests.support.training_jobs import TrainingCloud, assert_finished_once

pytestmark = pytest.mark.gpu


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url)
    yield made
    made.close()


def test_a_training_on_the_gpu_gives_a_model(cloud: TrainingCloud) -> None:
    with transaction(cloud.engine) as session:
        draft = small_draft(add_images(session, cloud.blobs).id, device="cuda")
        recipe = save_recipe(session, ALICE, name="cells", draft=draft)
        job_id = start_training(session, ALICE, recipe.id).id

    TrainingProcess(cloud.engine, cloud.blobs, cloud.wake_ups, cloud.settings).run_one()

    job = cloud.job(job_id)
    assert (job.state, job.reason) == (TrainingJobState.DONE, None), job.log_tail


def test_several_gpus_have_a_process_each(cloud: TrainingCloud) -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("this machine has one NVIDIA GPU; a team needs several")
    job_id = cloud.add()

    cloud.process(CountingTogether).run_one()

    assert f"one of {torch.cuda.device_count()}" in cloud.job(job_id).log_tail
    assert_finished_once(cloud, job_id)
