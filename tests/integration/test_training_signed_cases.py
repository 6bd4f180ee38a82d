"""From a clinician's signature to a training, by one request: every part of it as it is but the training itself."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot, transaction
from cloud_service.models import TrainingJob, now
from cloud_service.training.upkeep import let_begin
from cloud_service.vocabulary import TrainingJobState
from tests.support.dataset_administrator import Administrator
from tests.support.dataset_archives import class_folders, do_job, picture, zipped
from tests.support.reading import Clinician, case_id_of, clinicians
from tests.support.recipes import small_draft
from tests.support.web import ApiServer, add_capture, analyse, store


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[Administrator]:
    with server_on_both.client() as client:
        yield Administrator(server_on_both, client)


@pytest.fixture
def anna(server_on_both: ApiServer) -> Iterator[Clinician]:
    with clinicians(server_on_both, "a.bauer") as (anna,):
        yield anna


def sign(server: ApiServer, anna: Clinician, number: int, verdict: str) -> str:
    """A signed case of one image; returns the capture's id."""
    pseudonym = f"{number:032x}"
    with transaction(server.engine) as session:
        capture = add_capture(session, number, case_pseudonym=pseudonym)
        store(session, server.blobs, capture, picture(900 + number, form="JPEG"))
        analyse(session, capture, 0.9 if verdict == "suspicious" else 0.1)
    case_id = case_id_of(server, pseudonym)
    anna.claim(case_id).read(case_id, verdict, conclusion="As seen.")
    anna.open(case_id, capture.id)
    anna.judge(case_id, capture.id, verdict)
    anna.sign(case_id)
    return str(capture.id)


def claimable(server: ApiServer) -> list[UUID]:
    """The jobs that a worker would begin now."""
    query = select(TrainingJob.id).where(TrainingJob.state == TrainingJobState.WAITING, TrainingJob.not_before <= now())
    with snapshot(server.engine) as session:
        return list(session.scalars(query.order_by(TrainingJob.created_at)))


def test_signed_cases_come_into_the_next_training_by_one_request(
    admin: Administrator, anna: Clinician, tmp_path: Path
) -> None:
    server = admin.server
    dataset = admin.kept(zipped(class_folders()), "cells")
    wanted = {"name": "mine", "document": small_draft(UUID(dataset["id"])).model_dump(mode="json")}
    assert admin.client.post("/api/v1/training/recipes", json=wanted).status_code == 201
    signed = {sign(server, anna, number, verdict) for number, verdict in enumerate(("suspicious", "no_blast_features"))}

    asked = admin.client.post("/api/v1/training/jobs/again", json={"recipe_name": "mine"})
    assert asked.status_code == 201, asked.text
    job_id = UUID(asked.json()["id"])
    done = 0
    while job_id not in (begun := claimable(server)):
        assert begun or let_begin(server.engine), admin.client.get(f"/api/v1/training/jobs/{job_id}").json()
        for other in begun:
            folder = tmp_path / str(other)
            folder.mkdir()
            do_job(server.engine, server.blobs, other, folder)
            done += 1
    assert done == 2  # the dry run and the import

    job = admin.client.get(f"/api/v1/training/jobs/{job_id}").json()
    assert (job["state"], job["subject_name"], job["reason"]) == ("waiting", "mine 2", None)
    recipe = admin.client.get(f"/api/v1/training/recipes/{job['subject']}").json()
    named = [(one["name"], one["number"]) for one in recipe["document"]["datasets"]]
    assert named == [("cells", 1), ("signed cases", 1)]
    used = admin.client.get("/api/v1/label-candidates", params={"fate": "used"}).json()["candidates"]
    assert {candidate["capture_id"] for candidate in used} == signed
