"""The folders of jobs: gone when nobody needs them, and what took hours is not lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service.database import transaction
from cloud_service.models import TrainingJob, now
from cloud_service.training import train_job
from cloud_service.training.folders import KEPT_FOR
from cloud_service.training.train_job import Train
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import Counting
from tests.support.training_jobs import TrainingCloud, cancel


class Training(Counting):
    """Counts, and ends badly as a training does."""

    fail = Train.fail


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, sqlite_url)
    monkeypatch.setattr(train_job, "settings", lambda: made.settings)
    yield made
    made.close()


def trained(cloud: TrainingCloud) -> TrainingJob:
    """A job whose process has ended, and that now fails."""
    cloud.set("fault", "finish", "permanent")
    job_id = cloud.add()
    for name in ("outcome.json", "data/1.png", "run/trained.safetensors"):
        file = cloud.folder(job_id) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"{}")
    assert cloud.process(Training).run_one()
    with transaction(cloud.engine) as session:
        return session.get_one(TrainingJob, job_id)


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_weights_outlive_a_failure_that_comes_after_the_training(cloud: TrainingCloud) -> None:
    job = trained(cloud)
    weights = cloud.folder(job.id) / "run/trained.safetensors"

    assert job.state == TrainingJobState.FAILED
    assert job.reason == (
        f"The loss is no longer a number. What was trained is not lost: until {now() + KEPT_FOR:%Y-%m-%d} the training "
        f"worker keeps its weights as {weights}."
    )
    assert not cloud.process().run_one()
    assert files(cloud.folder(job.id)) == ["run/trained.safetensors"]

    with transaction(cloud.engine) as session:
        session.get_one(TrainingJob, job.id).ended_at = now() - KEPT_FOR
    assert not cloud.process().run_one()
    assert not cloud.folder(job.id).exists()


def test_the_folder_of_a_job_that_is_cancelled_while_it_waits_goes_though_no_job_comes(cloud: TrainingCloud) -> None:
    cancelled, waiting = cloud.add(), cloud.add()
    with transaction(cloud.engine) as session:
        session.get_one(TrainingJob, waiting).not_before = now() + KEPT_FOR
    for job_id in (cancelled, waiting):
        (cloud.folder(job_id) / "run").mkdir(parents=True)
        (cloud.folder(job_id) / "run/trained.safetensors").touch()
    cancel(cloud, cancelled)

    assert not cloud.process().run_one()

    assert not cloud.folder(cancelled).exists()
    assert cloud.folder(waiting).exists()
