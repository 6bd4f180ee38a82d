"""Models and the system's state over HTTP, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.models import Heartbeat, InferenceJob, ModelVersion, TrainingJob, now
from cloud_service.system.heartbeats import Pulse
from shared.vocabulary import JobState
from tests.support.web import MODEL_DIGEST, ApiServer, a_problem, add_analysed, add_capture, jpeg, store


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    with server_on_both.client() as client:
        yield client


def test_models_with_their_answers_and_cards(server_on_both: ApiServer, admin: httpx.Client) -> None:
    assert admin.get("/api/v1/models").json() == []
    for number in range(3):
        add_analysed(server_on_both, number, 0.9)
    with transaction(server_on_both.engine) as session:
        session.add(ModelVersion(digest="e" * 64, name="se-cnn", version="2", card={"threshold": 0.4}))

    newer, older = admin.get("/api/v1/models").json()
    assert (newer["version"], newer["answers"], newer["last_used_at"]) == ("2", 0, None)
    assert (older["digest"], older["version"], older["answers"]) == (MODEL_DIGEST, "demo-1", 3)
    assert older["registered_at"] <= older["last_used_at"]
    assert admin.get(f"/api/v1/models/{'e' * 64}").json()["card"] == {"threshold": 0.4}
    a_problem(admin.get(f"/api/v1/models/{'a' * 64}"), 404)
    a_problem(admin.get("/api/v1/models/x"), 422)
    with server_on_both.client(Role.TECHNICIAN, site="north") as technician:
        a_problem(technician.get("/api/v1/models"), 403)


def test_each_part_says_how_it_is(server_on_both: ApiServer, admin: httpx.Client) -> None:
    server = server_on_both
    add_analysed(server, 0, 0.9)
    with transaction(server.engine) as session:
        capture = add_capture(session, 1)
        store(session, server.blobs, capture, jpeg())
        job = session.get_one(InferenceJob, capture.id)
        job.state, job.worker = JobState.CLAIMED, "cloud-1:7"
    Pulse(server.engine, "worker", "cloud-1:7").beat_if_due(
        model="se-cnn demo-1", model_digest=MODEL_DIGEST, runtime="onnxruntime", answered=41
    )
    Pulse(server.engine, "ingest", "ingest-0").beat_if_due(shard=0, shard_count=1, serving=True)

    system = admin.get("/api/v1/system").json()

    assert system["version"]
    assert system["database"] == server.engine.dialect.name
    assert system["redis"] is False
    assert (system["queue"]["waiting"], system["queue"]["claimed"]) == (1, 1)
    assert system["queue"]["oldest_unclaimed_seconds"] >= 0
    (worker,), (ingest,) = system["workers"], system["ingests"]
    assert (worker["name"], worker["alive"], worker["claimed"], worker["answered"]) == ("cloud-1:7", True, 1, 41)
    assert (worker["model"], worker["runtime"]) == ("se-cnn demo-1", "onnxruntime")
    assert (ingest["alive"], ingest["serving"], ingest["shard"], ingest["shard_count"]) == (True, True, 0, 1)
    assert system["devices"] == {"enrolled": 1, "online": 1}
    assert system["event_position"] > 0
    assert system["storage"]["kind"] == "folder"
    assert 0 < system["storage"]["free_bytes"] < system["storage"]["total_bytes"]


def test_the_training_queue_says_how_it_is(server_on_both: ApiServer, admin: httpx.Client) -> None:
    engine = server_on_both.engine
    with transaction(engine) as session:
        jobs = [
            TrainingJob(id=uuid4(), kind="train", subject=str(uuid4()), parameters={}, created_by="a") for _ in "123"
        ]
        session.add_all(jobs)
        session.flush()
        jobs[0].state, jobs[0].worker = "running", "cloud-1:8"
        jobs[1].not_before = now() + timedelta(hours=1)
        running = jobs[0].id
    Pulse(engine, "training-worker", "cloud-1:8").beat_if_due(threads=2, begun=3)

    training = admin.get("/api/v1/system").json()["training"]

    assert (training["waiting"], training["running"], training["failed"]) == (2, 1, 0)
    assert training["oldest_unclaimed_seconds"] >= 0
    (worker,) = training["workers"]
    assert (worker["name"], worker["alive"], worker["threads"], worker["begun"]) == ("cloud-1:8", True, 2, 3)
    assert (worker["job_id"], worker["job_kind"]) == (str(running), "train")


def test_who_is_silent_is_gone_and_is_forgotten_after_a_day(server_on_both: ApiServer, admin: httpx.Client) -> None:
    for name in ("silent", "of-yesterday"):
        Pulse(server_on_both.engine, "ingest", name).beat_if_due(serving=True)
    with transaction(server_on_both.engine) as session:
        session.get_one(Heartbeat, "silent").seen_at = now() - timedelta(minutes=2)
        session.get_one(Heartbeat, "of-yesterday").seen_at = now() - timedelta(days=2)
    pulse = Pulse(server_on_both.engine, "ingest", "ingest-0")
    pulse.beat_if_due(serving=False)
    pulse.beat_if_due(serving=True)  # too soon: nothing is written

    ingests = admin.get("/api/v1/system").json()["ingests"]

    assert [(row["name"], row["alive"], row["serving"]) for row in ingests] == [
        ("ingest-0", True, False),
        ("silent", False, False),
    ]
