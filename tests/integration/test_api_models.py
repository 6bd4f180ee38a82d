"""The registry over HTTP, on both databases: who may do what, what is refused, and what is offered afterwards."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot, transaction
from cloud_service.models import InferenceJob, ShadowPrediction, now
from cloud_service.registry.reanalysis import AGAIN_URGENCY
from shared.vocabulary import JobState, Label
from tests.support.registry import add_model, digest_of, put_into_service
from tests.support.web import FIRST_ANNOUNCED, MODEL_DIGEST, ApiServer, a_problem, add_analysed

BEFORE_ALL = FIRST_ANNOUNCED.isoformat()


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    with server_on_both.client() as client:
        yield client


@pytest.fixture
def server(server_on_both: ApiServer) -> ApiServer:
    """Model "a" was in service everywhere for an hour, "b" is now."""
    moment = now()
    with transaction(server_on_both.engine) as session:
        for version in ("a", "b", "c"):
            add_model(session, version)
        put_into_service(session, digest_of("a"), from_at=moment - timedelta(hours=2))
        put_into_service(session, digest_of("b"), from_at=moment - timedelta(hours=1))
    return server_on_both


def body(response: httpx.Response, status: int = 200) -> dict[str, object]:
    assert response.status_code == status, response.text
    found: dict[str, object] = response.json()
    return found


def state_of(client: httpx.Client, version: str) -> object:
    return body(client.get(f"/api/v1/models/{digest_of(version)}"))["state"]


def test_going_back_is_told_with_what_could_be_analysed_anew(server: ApiServer, admin: httpx.Client) -> None:
    capture_id = add_analysed(server, 0, 0.9)  # by a model of its own
    wanted = {"reason": "Calls smudge cells suspicious.", "model_digest": digest_of("b")}

    done = admin.post("/api/v1/models/rollback", json=wanted)

    assert body(done)["activation"]["model_digest"] == digest_of("a")  # type: ignore[index]
    assert "somebody was faster" in a_problem(admin.post("/api/v1/models/rollback", json=wanted), 409)
    assert (state_of(admin, "a"), state_of(admin, "b")) == ("active", "retired")
    with transaction(server.engine) as session:
        session.get_one(InferenceJob, capture_id).state = JobState.DONE
    offer = body(admin.get("/api/v1/models/reanalysis", params={"since": BEFORE_ALL}))
    queued = admin.post("/api/v1/models/reanalyse", json={"since": BEFORE_ALL})
    assert body(queued)["captures"] == offer["captures"] == 1
    again = admin.post("/api/v1/models/reanalyse", json={"since": BEFORE_ALL})
    assert body(again)["captures"] == 0
    with snapshot(server.engine) as session:
        job = session.get_one(InferenceJob, capture_id)
        assert (job.state, job.urgency) == (JobState.WAITING, AGAIN_URGENCY)


def test_what_is_asked_wrongly_is_refused_with_a_reason(server: ApiServer, admin: httpx.Client) -> None:
    assert server.engine is not None
    rollback = "/api/v1/models/rollback"
    a_problem(admin.post(rollback, json={"reason": ""}), 422)
    a_problem(admin.post(rollback, json={"reason": "x", "scope": "no such/site"}), 422)
    assert "no site west" in a_problem(admin.post(rollback, json={"reason": "x", "scope": "west"}), 404)
    shadow = f"/api/v1/models/{digest_of('c')}/shadow"
    for share in (0.0, 1.01, "many"):
        a_problem(admin.post(shadow, json={"share": share}), 422)
    a_problem(admin.delete(shadow), 409)
    a_problem(admin.post(f"/api/v1/models/{digest_of('b')}/shadow", json={"share": 0.5}), 409)
    reject = f"/api/v1/models/{digest_of('b')}/reject"
    assert "Go back to another one first" in a_problem(admin.post(reject, json={"reason": "x"}), 409)
    a_problem(admin.post(f"/api/v1/models/{'f' * 64}/reject", json={"reason": "x"}), 404)


def test_the_timeline_names_people_and_reasons(server: ApiServer, admin: httpx.Client) -> None:
    assert server.engine is not None
    newest, first = admin.get("/api/v1/models/timeline").json()
    assert (newest["model_digest"], newest["until_at"]) == (digest_of("b"), None)
    assert (first["by"], first["approved_by"]) == ("a.lang", "b.kern")
    assert datetime.fromisoformat(first["until_at"]) == datetime.fromisoformat(newest["from_at"])
    assert admin.get("/api/v1/models/timeline", params={"scope": "north"}).json() == []


def test_a_shadow_run_from_its_start_to_its_end(server: ApiServer, admin: httpx.Client) -> None:
    address = f"/api/v1/models/{digest_of('c')}/shadow"
    body(admin.post(address, json={"share": 0.25}), 201)
    assert state_of(admin, "c") == "shadow"
    capture_id = add_analysed(server, 0, 0.9)
    with transaction(server.engine) as session:
        session.add(
            ShadowPrediction(
                capture_id=capture_id,
                model_digest=digest_of("c"),
                beside_digest=MODEL_DIGEST,
                probability=0.1,
                label=Label.NO_BLAST_FEATURES,
                given_label=Label.SUSPICIOUS,
                given_probability=0.9,
            )
        )

    summary = body(admin.get(address))
    assert (summary["captures"], summary["agreement"], summary["less_suspicious"]) == (1, 0.0, 1)
    assert summary["mean_difference"] == pytest.approx(-0.8)
    assert [item["capture_id"] for item in summary["differing"]] == [str(capture_id)]  # type: ignore[attr-defined]
    capture = admin.get(f"/api/v1/captures/{capture_id}").json()
    assert capture["prediction"]["model_digest"] == MODEL_DIGEST

    assert admin.delete(address).status_code == 204
    assert state_of(admin, "c") == "candidate"
    assert body(admin.get(address))["captures"] == 1


def test_a_rejected_model_stays_rejected(server: ApiServer, admin: httpx.Client) -> None:
    assert server.engine is not None
    address = f"/api/v1/models/{digest_of('c')}"
    assert body(admin.post(f"{address}/reject", json={"reason": "Misses small cells."}))["state"] == "rejected"
    a_problem(admin.post(f"{address}/reject", json={"reason": "Again."}), 409)
    a_problem(admin.post(f"{address}/shadow", json={"share": 0.5}), 409)


def test_a_clinician_sees_models_and_decides_nothing_and_a_technician_sees_none(server: ApiServer) -> None:
    changes = [
        ("POST", "/api/v1/models/rollback"),
        ("POST", f"/api/v1/models/{digest_of('c')}/reject"),
        ("POST", f"/api/v1/models/{digest_of('c')}/shadow"),
        ("DELETE", f"/api/v1/models/{digest_of('c')}/shadow"),
        ("POST", "/api/v1/models/reanalyse"),
        ("POST", "/api/v1/models"),
    ]
    with server.client(Role.CLINICIAN) as clinician, server.client(Role.TECHNICIAN, site="north") as technician:
        assert len(clinician.get("/api/v1/models").json()) == 3
        for method, address in changes:
            a_problem(clinician.request(method, address, json={"reason": "x"}), 403)
            a_problem(technician.request(method, address, json={"reason": "x"}), 403)
        for address in ("", "/timeline", f"/{digest_of('a')}", f"/{uuid4()}"):
            a_problem(technician.get(f"/api/v1/models{address}"), 403)
