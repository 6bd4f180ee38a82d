"""`smearflow training …` as an operator types it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service import config, database
from cloud_service.blob_store import open_blob_store
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import AuditEntry, TrainingJob, now
from cloud_service.training.queries import known_job
from cloud_service.training.schemas import TrainingProgress
from cloud_service.vocabulary import TrainingJobState
from shared.errors import ConfigurationError
from tests.support.commands import Commands, own_cloud
from tests.support.recipes import add_images, labelled

commands = Commands("training")
training, told = commands.run, commands.told


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with own_cloud(tmp_path, monkeypatch):
        with database.transaction() as session:
            for first in (0, 50):
                add_images(session, open_blob_store(config.settings()), labelled(8, first=first), name="cells: a 1")
        yield


def begun() -> str:
    """A training that waits; its job's id."""
    return str(told("start", "mine", "--dataset", "cells: a 1", "--epochs", "4")["id"])


def set_job(job_id: str, **values: Any) -> None:
    with database.transaction() as session:
        job = session.get_one(TrainingJob, UUID(job_id))
        for name, value in values.items():
            setattr(job, name, value)


@pytest.mark.parametrize(
    ("name", "more", "told_of", "advice"),
    [
        ("Größe", (), "name: ", "A name has letters without accents"),
        ("mine", ("--description", 2001 * "x"), "description: ", "smearflow training start --help"),
    ],
)
def test_start_takes_what_the_api_takes(name: str, more: tuple[str, ...], told_of: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=f"That is no recipe: {told_of}") as refused:
        training("start", name, "--dataset", "cells: a 1", *more)

    named = {"A name has letters without accents", "smearflow training start --help"}
    assert {part for part in named if part in str(refused.value)} == {advice}


def test_start_makes_a_recipe_and_then_versions_of_it() -> None:
    first = told("start", "mine", "--dataset", "cells: a 1", "--epochs", "4", "--seed", "9")
    assert (first["state"], first["subject_name"]) == ("waiting", "mine 1")
    with pytest.raises(ConflictError, match="is waiting already"):
        training("start", "mine")
    second = told("start", "mine", "--recipe", "paper", "--dataset", "cells: a 1:1", "--description", "As published.")
    assert second["subject_name"] == "mine 2"

    newest, oldest = told("recipes")
    assert (oldest["document"]["training"]["epochs"], oldest["document"]["training"]["seed"]) == (4, 9)
    assert (oldest["document"]["preset"], oldest["document"]["training"]["schedule"]) == ("modern", "cosine")
    assert (newest["document"]["preset"], newest["document"]["training"]["schedule"]) == ("paper", "constant")
    assert [recipe["document"]["datasets"][0]["number"] for recipe in (newest, oldest)] == [1, 2]
    assert newest["document"]["description"] == "As published."
    assert "mine 2: se-cnn, 20 epochs, on cells: a 1 1; by command line" in training("recipes").stdout
    assert json.loads(training("recipes", "mine").stdout)["number"] == 2


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"no recipe 'mine' yet\. Name what to train on with --dataset"):
        training("start", "mine")
    with pytest.raises(NotFoundError, match="no data set 'other'; see `smearflow dataset list`"):
        training("start", "mine", "--dataset", "other")
    with pytest.raises(NotFoundError, match="no data set 'cells: a 1:3'"):
        training("start", "mine", "--dataset", "cells: a 1:3")
    with pytest.raises(NotFoundError, match="no recipe 'mine'; see"):
        training("again", "mine")
    assert "There is no recipe. Begin with" in training("recipes").stdout
    assert "There is no job. Begin with" in training("jobs").stdout
    assert "There is no such job" in training("jobs", "--kind", "train").stdout


def test_jobs_are_listed_shown_and_cancelled() -> None:
    job_id = begun()
    progress = TrainingProgress(phase="Training", done=3, total=9, epoch=2, epochs=4, loss=0.25, seconds_left=12.4)
    set_job(job_id, state=TrainingJobState.RUNNING, progress=progress.model_dump(mode="json"))
    said = training("jobs", "--kind", "train").stdout
    assert f"{job_id} train        mine 1: running: Training, epoch 2 of 4, 3 of 9, loss 0.2500, 12 s left" in said
    assert told("jobs", "--state", "failed") == []
    assert "being cancelled" in training("cancel", job_id).stdout
    assert "running, being cancelled" in training("jobs").stdout


def test_watching_ends_with_the_job_and_says_how_it_ended() -> None:
    job_id = begun()
    set_job(job_id, state=TrainingJobState.DONE, ended_at=now(), result={"model_name": "mine"}, log_tail="epoch 4: …")
    shown = training("show", job_id, "--watch")
    assert (shown.exit_code, shown.stdout.splitlines()) == (
        0,
        ["done", "epoch 4: …", f"Job {job_id}, mine 1: done", "  model name: mine"],
    )
    set_job(job_id, state=TrainingJobState.FAILED, reason="The loss is no longer a number.")
    failed = training("show", job_id, "--json")
    assert (failed.exit_code, json.loads(failed.stdout)["reason"]) == (1, "The loss is no longer a number.")


def test_again_waits_for_the_signed_cases() -> None:
    training("cancel", begun())
    job = told("again", "mine")
    assert (job["state"], job["parameters"].keys()) == ("waiting", {"import_id"})
    with database.snapshot() as session:
        assert known_job(session, UUID(job["id"])).not_before.year == 9999
        started = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "training-started")).all()
    assert all(actor.startswith("command line: ") for actor in started)


def test_schedules_are_set_listed_and_ended() -> None:
    begun()
    [schedule] = told("schedule", "mine", "--every", "7", "--first", "2030-01-05T06:00:00")
    assert datetime.fromisoformat(schedule["next_at"]) == datetime.fromisoformat("2030-01-05T06:00:00Z")
    assert "mine: every 7 days, next 2030-01-05 06:00 UTC; command line" in training("schedule").stdout
    assert "mine is not trained by itself" in training("schedule", "mine", "--end").stdout
    assert "No recipe is trained by itself" in training("schedule").stdout
    for words in (["mine", "--every", "7", "--end"], ["--every", "7"], ["mine", "--first", "2030-01-05"]):
        assert training("schedule", *words).exit_code == 2
