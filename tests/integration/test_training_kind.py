"""What a training's job does, apart from the queue: from a recipe to a registered model, and what it refuses."""

import errno
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from cloud_service.blob_store import BlobStore, open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.datasets.removal import remove_dataset
from cloud_service.errors import ConflictError
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.training.records import TrainingError
from cloud_service.models import Base, ModelVersion, TrainingJob
from cloud_service.training import training_run
from cloud_service.training.keeping import save_recipe
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.training.starting import start_training
from cloud_service.training.train_job import Train, TrainOrder
from cloud_service.vocabulary import DatasetPurpose
from shared.errors import PermanentError, TransientError
from tests.support.accounts import TESTER
from tests.support.recipes import add_images, labelled, small_draft

ROOT = Path(__file__).parents[2]


class Cloud:
    """A database and a blob store, and the parts that a worker plays with a training's job."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.settings = Settings(database_url=database_url, blob_url=str(folder / "blobs"))
        self.engine: Engine = make_engine(database_url)
        self.blobs: BlobStore = open_blob_store(self.settings)
        Base.metadata.create_all(self.engine)

    def a_job(self, *datasets: UUID, **training: object) -> UUID:
        with transaction(self.engine) as session:
            draft = small_draft(*(datasets or (add_images(session, self.blobs).id,)), **training)
            recipe = save_recipe(session, TESTER, name="small recipe", draft=draft)
            return start_training(session, TESTER, recipe.id).id

    def prepare(self, job_id: UUID, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        with transaction(self.engine) as session:
            Train().prepare(session, session.get_one(TrainingJob, job_id), folder, self.blobs)

    def work(self, folder: Path) -> "Heard":
        heard = Heard()
        Train().work(folder, self.blobs, heard)
        return heard

    def finish(self, job_id: UUID, folder: Path) -> dict[str, Any]:
        with transaction(self.engine) as session:
            return Train().finish(session, session.get_one(TrainingJob, job_id), folder, self.blobs)


class Heard:
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.epochs: list[EpochRecord] = []
        self.lines: list[str] = []

    def progress(self, progress: TrainingProgress) -> None:
        if progress.phase not in self.phases:
            self.phases.append(progress.phase)

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record)

    def log(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def cloud(tmp_path: Path, sqlite_url: str) -> Iterator[Cloud]:
    held = Cloud(tmp_path, sqlite_url)
    yield held
    held.engine.dispose()


@dataclass(frozen=True)
class Finished:
    cloud: Cloud
    job_id: UUID
    folder: Path
    heard: Heard


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """A job whose process has done its work; packages take seconds each, so there is one for all."""
    root = tmp_path_factory.mktemp("finished")
    cloud = Cloud(root, f"sqlite:///{root / 'smearflow.sqlite'}")
    job_id, folder = cloud.a_job(), root / "job"
    cloud.prepare(job_id, folder)
    yield Finished(cloud, job_id, folder, cloud.work(folder))
    cloud.engine.dispose()


class NotPackedError(Exception):
    """The training itself is over."""


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings end, by an error, where a package would be made of the weights."""

    def write(*_: object, **__: object) -> None:
        raise NotPackedError

    monkeypatch.setattr("cloud_service.ml.training.run.write_trained_package", write)


def test_a_package_that_changed_is_not_registered(finished: Finished, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "job")
    card = folder / "run/model/card.json"
    card.write_text(card.read_text().replace("small-recipe", "other-recipe"))
    with pytest.raises(PermanentError, match=r"something has changed it\. Train again"):
        finished.cloud.finish(finished.job_id, folder)
    with snapshot(finished.cloud.engine) as session:
        assert "other-recipe" not in session.scalars(select(ModelVersion.name)).all()


def test_what_was_killed_after_the_package_is_not_trained_again(finished: Finished, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "job")
    (folder / "outcome.json").unlink()
    assert finished.cloud.work(folder).epochs == []
    assert (folder / "outcome.json").read_bytes() == (finished.folder / "outcome.json").read_bytes()


def test_a_recipe_becomes_a_registered_model_once(finished: Finished) -> None:
    cloud, job_id = finished.cloud, finished.job_id
    result = cloud.finish(job_id, finished.folder)
    assert cloud.finish(job_id, finished.folder) == result  # the worker died before its commit, say

    assert [record.epoch for record in finished.heard.epochs] == [1, 2]
    first, second, *others = finished.heard.phases
    assert (first, second, set(others)) == (
        "Fetching images",
        "Reading images",
        {"Training", "Validating", "Measuring and packing"},
    )
    with snapshot(cloud.engine) as session:
        version = session.scalars(select(ModelVersion)).one()
        assert (version.digest, version.state, version.training_job_id) == (result["model"], "candidate", job_id)
        assert (version.name, version.version) == ("small-recipe", "1")
        training = version.card["training"]
        order = TrainOrder.model_validate_json((finished.folder / "order.json").read_bytes())
        assert training["data_digest"] == order.materials[0].digest
        assert training["chosen_epoch"] == result["chosen_epoch"]
        assert "version 1 of fields" in training["data"]


@pytest.mark.usefixtures("unpacked")
def test_a_training_that_was_killed_in_an_epoch_gives_the_same_weights(cloud: Cloud, tmp_path: Path) -> None:
    job_id, whole, killed = cloud.a_job(epochs=3, averaging=0.9), tmp_path / "whole", tmp_path / "killed"
    cloud.prepare(job_id, whole)
    with pytest.raises(NotPackedError):
        cloud.work(whole)

    cloud.prepare(job_id, killed)
    command = [sys.executable, "-m", "tests.support.killed_training", str(killed), cloud.settings.blob_url, "2", "2"]
    assert subprocess.run(command, cwd=ROOT, timeout=110, check=False).returncode == -signal.SIGKILL
    assert not (killed / "run/trained.safetensors").exists()
    cloud.prepare(job_id, killed)
    heard = Heard()
    with pytest.raises(NotPackedError):
        Train().work(killed, cloud.blobs, heard)

    assert "Goes on after epoch 1." in heard.lines
    assert [record.epoch for record in heard.epochs] == [1, 2, 3]
    assert (whole / "run/trained.safetensors").read_bytes() == (killed / "run/trained.safetensors").read_bytes()


@pytest.mark.usefixtures("unpacked")
def test_what_was_killed_before_its_first_step_begins_again(cloud: Cloud, tmp_path: Path) -> None:
    job_id, folder = cloud.a_job(epochs=1), tmp_path / "job"
    cloud.prepare(job_id, folder)
    (folder / "run").mkdir()
    (folder / "run/metrics.jsonl").touch()
    with pytest.raises(NotPackedError):
        cloud.work(folder)


def test_a_loss_that_is_no_number_ends_it_in_words(cloud: Cloud, tmp_path: Path) -> None:
    job_id, folder = cloud.a_job(epochs=1, learning_rate=1e30), tmp_path / "job"
    cloud.prepare(job_id, folder)
    with pytest.raises(TrainingError, match=r"epoch 1: the \w+ loss is no longer a number. Lower the learning rate"):
        cloud.work(folder)


def test_a_full_disk_is_waited_for(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise TrainingError("The checkpoint cannot be written.") from OSError(errno.ENOSPC, "No space left on device")

    job_id, folder = cloud.a_job(epochs=1), tmp_path / "job"
    cloud.prepare(job_id, folder)
    monkeypatch.setattr(training_run, "run_training", full)
    with pytest.raises(TransientError, match=r"is full\. Free some space; the training goes on"):
        cloud.work(folder)


@pytest.mark.usefixtures("unpacked")
def test_two_data_sets_are_trained_on_as_one(cloud: Cloud, tmp_path: Path) -> None:
    with transaction(cloud.engine) as session:
        one = add_images(session, cloud.blobs, labelled(16), name="one").id
        two = add_images(session, cloud.blobs, labelled(16, first=8), name="two").id  # eight of them are the same
    job_id, folder = cloud.a_job(one, two, epochs=1), tmp_path / "job"
    cloud.prepare(job_id, folder)
    with pytest.raises(NotPackedError):
        cloud.work(folder)
    assert len(read_dataset(folder / "data")) == 24


def test_a_locked_test_set_that_came_meanwhile_stops_a_training_that_waits(cloud: Cloud, tmp_path: Path) -> None:
    job_id = cloud.a_job()
    with transaction(cloud.engine) as session:
        some = dict(list(labelled().items())[:2])
        renamed = {f"other/{name}": image for name, image in some.items()}
        add_images(session, cloud.blobs, renamed, name="locked", purpose=DatasetPurpose.LOCKED_TEST)
    with pytest.raises(ConflictError, match="locked"):
        cloud.prepare(job_id, tmp_path / "job")


def test_a_data_set_that_a_training_needs_is_not_removed(cloud: Cloud) -> None:
    with transaction(cloud.engine) as session:
        dataset_id = add_images(session, cloud.blobs).id
    job_id = cloud.a_job(dataset_id)
    with transaction(cloud.engine) as session, pytest.raises(ConflictError, match=f"needed by the train job {job_id}"):
        remove_dataset(session, TESTER, dataset_id)


def test_an_attempt_keeps_the_threads_of_the_one_before(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, folder = cloud.a_job(), tmp_path / "job"
    cloud.prepare(job_id, folder)
    more = cloud.settings.model_copy(update={"training_threads": 7})
    monkeypatch.setattr("cloud_service.training.train_job.settings", lambda: more)
    cloud.prepare(job_id, folder)
    order = TrainOrder.model_validate_json((folder / "order.json").read_bytes())
    assert order.recipe.training.threads == 1
    cloud.prepare(job_id, tmp_path / "other")
    order = TrainOrder.model_validate_json((tmp_path / "other/order.json").read_bytes())
    assert order.recipe.training.threads == 7
