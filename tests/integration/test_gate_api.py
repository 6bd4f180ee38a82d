"""The gate over HTTP: who may do what, and what is told to whom."""

from uuid import UUID

import pytest

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.models import TrainingJob
from shared.identifiers import sha256_of_bytes
from tests.support.accounts import a_user
from tests.support.gate import add_assessment
from tests.support.registry import add_model, put_into_service
from tests.support.web import ApiServer, a_problem

SECOND = "b.kern"
MODELS = "/api/v1/models"
PROPOSALS = "/api/v1/proposals"


@pytest.fixture
def champion(server: ApiServer) -> str:
    with transaction(server.engine) as session:
        digest = add_model(session, "1")
        put_into_service(session, digest)
        a_user(session, Role.ADMINISTRATOR, name=SECOND)
        return digest


@pytest.fixture
def candidate(server: ApiServer, champion: str) -> str:
    server.blobs.put(sha256_of_bytes(b"package of 2"), b"package of 2")
    assert champion
    with transaction(server.engine) as session:
        return add_model(session, "2")


def assessed(server: ApiServer, digest: str, champion: str, *, passed: bool = True) -> UUID:
    with transaction(server.engine) as session:
        return add_assessment(session, digest, champion=champion, passed=passed)


def test_an_assessment_is_a_job_of_the_training_queue(server: ApiServer, candidate: str) -> None:
    with server.client() as client:
        answer = client.post(f"{MODELS}/{candidate}/assessments", json={"promises": ["roc_auc"]})
        assert answer.status_code == 201
        assert (answer.json()["kind"], answer.json()["subject"]) == ("assess", candidate)
        assert "already" in a_problem(client.post(f"{MODELS}/{candidate}/assessments", json={}), 409)
        a_problem(client.post(f"{MODELS}/{'0' * 64}/assessments", json={}), 404)
        a_problem(client.post(f"{MODELS}/{candidate}/assessments", json={"scope": "nowhere"}), 404)
        a_problem(client.post(f"{MODELS}/{candidate}/assessments", json={"promises": ["brier"]}), 422)
    with transaction(server.engine) as session:
        job = session.get_one(TrainingJob, UUID(answer.json()["id"]))
    assert job.parameters == {"scope": "*", "promises": ["roc_auc"]}


def test_two_administrators_put_a_model_into_service(server: ApiServer, candidate: str, champion: str) -> None:
    assessment_id = assessed(server, candidate, champion)
    wish = {"assessment_id": str(assessment_id), "reason": "It finds more."}
    with server.client() as first, server.browser(SECOND) as second, server.client(Role.CLINICIAN) as clinician:
        listed = clinician.get(f"{MODELS}/{candidate}/assessments").json()
        assert [(found["id"], found["passed"], found["overtaken"]) for found in listed] == [
            (str(assessment_id), True, None)
        ]
        a_problem(clinician.post(f"{MODELS}/{candidate}/proposals", json=wish), 403)
        proposal = first.post(f"{MODELS}/{candidate}/proposals", json=wish)
        assert proposal.status_code == 201
        assert "administrator proposed it" in proposal.json()["obstacle"]
        assert proposal.json()["is_own"] is True
        path = f"{PROPOSALS}/{proposal.json()['id']}"
        assert second.get(path).json()["obstacle"] is None
        assert second.get(path).json()["is_own"] is False
        assert "another administrator" in a_problem(first.post(f"{path}/approve", json={"reason": "Yes."}), 403)
        a_problem(second.post(f"{path}/withdraw"), 403)
        a_problem(second.post(f"{path}/approve", json={"reason": ""}), 422)

        approved = second.post(f"{path}/approve", json={"reason": "I have looked at the cases."})

        assert approved.status_code == 200
        assert (approved.json()["state"], approved.json()["decided_by"]) == ("approved", SECOND)
        assert "approved by" in a_problem(second.post(f"{path}/refuse", json={"reason": "No."}), 409)
        assert first.get(f"{MODELS}/{candidate}").json()["active_in"] == ["*"]
        assert first.get(PROPOSALS, params={"state": "open"}).json() == []
        (told,) = clinician.get(PROPOSALS, params={"digest": candidate}).json()
        assert told["state"] == "approved"
        overtaken = first.get(f"{MODELS}/{candidate}/assessments").json()[0]["overtaken"]
    assert "in service" in overtaken


def test_what_failed_needs_an_override(server: ApiServer, candidate: str, champion: str) -> None:
    wish = {"assessment_id": str(assessed(server, candidate, champion, passed=False)), "reason": "It finds more."}
    with server.client() as client:
        assert "did not pass the gate" in a_problem(client.post(f"{MODELS}/{candidate}/proposals", json=wish), 409)
        wish["override_reason"] = "The locked test set is too small."
        proposal = client.post(f"{MODELS}/{candidate}/proposals", json=wish).json()
        assert (proposal["passed"], proposal["override_reason"]) == (False, wish["override_reason"])
        withdrawn = client.post(f"{PROPOSALS}/{proposal['id']}/withdraw").json()
    assert (withdrawn["state"], withdrawn["decided_by"]) == ("withdrawn", "administrator")


def test_an_assessment_is_told_with_all_that_it_found(server: ApiServer, candidate: str, champion: str) -> None:
    assessment_id = assessed(server, candidate, champion, passed=False)
    with server.client(Role.CLINICIAN) as client:
        found = client.get(f"/api/v1/assessments/{assessment_id}").json()
        a_problem(client.get(f"/api/v1/assessments/{UUID(int=1)}"), 404)
    assert [check["name"] for check in found["checks"]] == ["sensitivity"]
    assert found["failed"] == ["Its sensitivity is not worse"]
    assert (found["scope"], found["champion_version"]) == ("*", "1")
