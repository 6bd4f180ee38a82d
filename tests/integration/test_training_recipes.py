"""Recipes, estimates, trainings and schedules over HTTP, and what is refused."""

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot, transaction
from cloud_service.datasets.removal import remove_dataset
from cloud_service.models import AuditEntry, TrainingEpoch, TrainingJob, now
from cloud_service.vocabulary import DatasetPurpose, TrainingJobState
from tests.support.accounts import TESTER
from tests.support.recipes import add_images, labelled, small_draft
from tests.support.web import ApiServer, a_problem


def a_dataset(server: ApiServer, images: Any = None, **named: Any) -> UUID:
    with transaction(server.engine) as session:
        return add_images(session, server.blobs, images, **named).id


def a_draft(*datasets: UUID, **training: object) -> Any:
    return small_draft(*datasets, **training).model_dump(mode="json")


def save(client: httpx.Client, *datasets: UUID, name: str = "cells", **training: object) -> Any:
    response = client.post("/api/v1/training/recipes", json={"name": name, "document": a_draft(*datasets, **training)})
    assert response.status_code == 201, response.text
    return response.json()


def refused(client: httpx.Client, *datasets: UUID, status: int = 409) -> str:
    wanted = {"name": "cells", "document": a_draft(*datasets)}
    return a_problem(client.post("/api/v1/training/recipes", json=wanted), status)


def test_a_recipe_is_kept_in_versions_that_never_change(server: ApiServer, client: httpx.Client) -> None:
    dataset = a_dataset(server)
    first = save(client, dataset)
    assert (first["number"], save(client, dataset)["id"]) == (1, first["id"])  # it says nothing new
    second = save(client, dataset, epochs=5)
    assert (second["number"], second["document"]["training"]["epochs"]) == (2, 5)
    named = second["document"]["datasets"]
    assert [(one["id"], one["name"], one["number"]) for one in named] == [(str(dataset), "fields", 1)]
    listed = client.get("/api/v1/training/recipes").json()
    assert [(row["name"], row["number"]) for row in listed] == [("cells", 2), ("cells", 1)]
    assert client.get(f"/api/v1/training/recipes/{first['id']}").json() == first
    with snapshot(server.engine) as session:
        saved = session.scalars(select(AuditEntry).where(AuditEntry.action == "recipe-saved"))
        assert [entry.details for entry in saved] == [{"name": "cells", "version": 1}, {"name": "cells", "version": 2}]


def test_presets_can_be_saved_as_they_are(server: ApiServer, client: httpx.Client) -> None:
    presets = client.get("/api/v1/training/recipes/defaults").json()
    assert [preset["name"] for preset in presets] == ["modern", "paper"]
    dataset = str(a_dataset(server))
    for preset in presets:
        wanted = {"name": preset["name"], "document": preset["settings"] | {"datasets": [dataset]}}
        saved = client.post("/api/v1/training/recipes", json=wanted)
        assert saved.status_code == 201, saved.text
        assert saved.json()["document"]["training"] == preset["settings"]["training"]


def test_data_that_no_model_may_be_trained_on_is_refused_in_words(server: ApiServer, client: httpx.Client) -> None:
    images = labelled()
    fields = a_dataset(server, images)
    newer = a_dataset(server, images | labelled(2, first=90))
    locked = a_dataset(server, labelled(8, first=200), name="locked", purpose=DatasetPurpose.LOCKED_TEST)
    one_class = a_dataset(
        server, {name: image for name, image in labelled(first=300).items() if image[1]}, name="blasts"
    )
    removed = a_dataset(server, labelled(first=400), name="old")
    with transaction(server.engine) as session:
        remove_dataset(session, TESTER, removed)

    assert "names 'fields' more than once" in refused(client, fields, newer)
    assert "is a locked test set: nothing is trained on it" in refused(client, fields, locked)
    assert "all 12 images of blasts are with ALL. Add a data set" in refused(client, one_class)
    assert "'old' is removed" in refused(client, removed)
    assert "There is no data set" in refused(client, uuid4(), status=404)


def test_images_of_a_locked_test_set_are_found_under_any_name(server: ApiServer, client: httpx.Client) -> None:
    a_dataset(server, labelled(4), name="locked", purpose=DatasetPurpose.LOCKED_TEST)
    renamed = {f"mine/{number}.png": image for number, image in enumerate(labelled(24).values())}
    assert "mine/0.png" in refused(client, a_dataset(server, renamed, name="mine"))


def test_settings_that_make_no_sense_are_refused_by_name(server: ApiServer, client: httpx.Client) -> None:
    document = a_draft(a_dataset(server))
    for part, change, fault in (
        ("preprocess", {"size": 16}, "greater than or equal to 32"),
        ("preprocess", {"size": 512, "draft_edge": 448}, "less than the size of 512"),
        ("training", {"validation_share": 0.5, "test_share": 0.5}, "leave nothing to train on"),
        ("training", {"learning_rate": 0}, "greater than 0"),
        ("network", {"backbone": "resnet34", "hidden_units": 5}, "would do nothing in a resnet34"),
        ("network", {"layers": 3}, "Extra inputs"),
        ("training", {"seed": 2**32}, "less than 4294967296"),
    ):
        wanted = {"name": "cells", "document": document | {part: change}}
        response = client.post("/api/v1/training/recipes", json=wanted)
        a_problem(response, 422)
        told = response.json()["faults"]
        assert any(part in one["where"] and fault in one["fault"] for one in told), told
    endless = json.dumps({"name": "cells", "document": document | {"training": {"learning_rate": float("inf")}}})
    headers = {"Content-Type": "application/json"}
    response = client.post("/api/v1/training/recipes", content=endless, headers=headers)
    assert "infinity, and what is no number" in a_problem(response, 422)


def test_a_training_is_queued_once_and_can_be_cancelled(server: ApiServer, client: httpx.Client) -> None:
    recipe = save(client, a_dataset(server))
    job = client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]})
    assert job.status_code == 201, job.text
    assert (job.json()["state"], job.json()["subject_name"]) == ("waiting", "cells 1")
    again = client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]})
    assert "is waiting already" in a_problem(again, 409)
    assert [row["id"] for row in client.get("/api/v1/training/jobs?kind=train").json()] == [job.json()["id"]]
    assert client.get("/api/v1/training/jobs?state=running").json() == []

    ended = client.post(f"/api/v1/training/jobs/{job.json()['id']}/cancel").json()
    assert (ended["state"], ended["reason"]) == ("cancelled", "administrator cancelled it.")
    assert client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]}).status_code == 201
    a_problem(client.post("/api/v1/training/jobs", json={"recipe_id": str(uuid4())}), 404)
    with snapshot(server.engine) as session:
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("training-%")).order_by(AuditEntry.position)
        ).all()
    assert actions == ["training-started", "training-cancelled", "training-started"]


def test_a_removed_data_set_stops_a_training_before_it_is_queued(server: ApiServer, client: httpx.Client) -> None:
    dataset = a_dataset(server)
    recipe = save(client, dataset)
    with transaction(server.engine) as session:
        remove_dataset(session, TESTER, dataset)
    job = client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]})
    assert "'fields' is removed: name another one" in a_problem(job, 409)


def test_an_estimate_is_a_guess_until_something_was_measured(server: ApiServer, client: httpx.Client) -> None:
    dataset = a_dataset(server)
    wanted = {"document": a_draft(dataset, epochs=10, validation_share=0.25, test_share=0.25)}
    guess = client.post("/api/v1/training/estimate", json=wanted).json()
    assert (guess["images"], guess["training_images"], guess["is_measured"]) == (24, 12, False)
    assert guess["images_per_second"] == pytest.approx(25 * (224 / 32) ** 2)
    assert "nothing like it was trained here yet" in guess["words"]

    recipe = save(client, dataset)
    job_id = UUID(client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]}).json()["id"])
    with transaction(server.engine) as session:
        job = session.get_one(TrainingJob, job_id)
        job.state, job.started_at = TrainingJobState.DONE, now()
        for epoch, rate in enumerate((1.0, 2.0, 30.0), 1):
            session.add(TrainingEpoch(job_id=job_id, epoch=epoch, figures={"images_per_second": rate}))
    measured = client.post("/api/v1/training/estimate", json=wanted).json()
    assert (measured["images_per_second"], measured["is_measured"]) == (2.0, True)
    # Ten epochs of 12 images, and a third of the time for the 6 that each is judged by and the 6 of the test.
    assert measured["seconds"] == pytest.approx(24 * 0.03 + (120 + 66 / 3) / 2 + 20, abs=0.1)

    larger = wanted | {"document": wanted["document"] | {"preprocess": {"size": 64, "draft_edge": None}}}
    scaled = client.post("/api/v1/training/estimate", json=larger).json()
    assert (scaled["images_per_second"], scaled["is_measured"]) == (0.5, True)


def test_a_schedule_is_set_changed_and_ended(server: ApiServer, client: httpx.Client) -> None:
    a_problem(client.put("/api/v1/training/schedules/cells", json={"every_days": 7}), 404)
    save(client, a_dataset(server))
    first = {"every_days": 7, "first_at": "2030-01-05T08:00:00+02:00"}
    set_ = client.put("/api/v1/training/schedules/cells", json=first).json()
    assert (set_["next_at"], set_["set_by"]) == ("2030-01-05T06:00:00Z", "administrator")
    changed = client.put("/api/v1/training/schedules/cells", json={"every_days": 1}).json()
    assert client.get("/api/v1/training/schedules").json() == [changed]
    assert client.get("/api/v1/training/schedules/cells").json() == changed
    assert client.delete("/api/v1/training/schedules/cells").status_code == 204
    a_problem(client.get("/api/v1/training/schedules/cells"), 404)
    a_problem(client.delete("/api/v1/training/schedules/cells"), 404)
    a_problem(client.put("/api/v1/training/schedules/cells", json={"every_days": 0}), 422)
    with snapshot(server.engine) as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "schedule-set")).all()
        assert [entry.details.get("every_days", "ended") for entry in told] == [7, 1, "ended"]


def test_technicians_and_clinicians_see_no_training(server: ApiServer) -> None:
    for role, site in ((Role.TECHNICIAN, "north"), (Role.CLINICIAN, None)):
        with server.client(role, site=site) as other:
            for path in ("recipes", "recipes/defaults", "jobs", "schedules"):
                a_problem(other.get(f"/api/v1/training/{path}"), 403)
