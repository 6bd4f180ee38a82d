"""`smearflow model assess | compare | propose | proposals | promote | refuse | withdraw` as operators type them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from cloud_service import config, database
from cloud_service.blob_store import open_blob_store
from cloud_service.errors import ConflictError, ForbiddenError, NotFoundError
from cloud_service.models import EVERYWHERE
from cloud_service.registry.versions import active_digest
from shared.identifiers import sha256_of_bytes
from tests.support.commands import Commands, own_cloud
from tests.support.gate import add_assessment
from tests.support.registry import add_model, put_into_service

commands = Commands("model")
smearflow, told = commands.run, commands.told


@pytest.fixture(autouse=True)
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A model in service, and one that could be; anna sits at the terminal."""
    sits_there(monkeypatch, "anna")
    with own_cloud(tmp_path, monkeypatch):
        with database.transaction() as session:
            put_into_service(session, add_model(session, "1"))
            digest = add_model(session, "2")
        package = b"package of 2"
        open_blob_store(config.settings()).put(sha256_of_bytes(package), package)
        yield digest


def sits_there(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LOGNAME", name)


def assessed(digest: str, *, passed: bool = True) -> UUID:
    with database.transaction() as session:
        return add_assessment(session, digest, champion=active_digest(session, EVERYWHERE), passed=passed)


def in_service() -> str | None:
    with database.snapshot() as session:
        return active_digest(session, EVERYWHERE)


def test_an_assessment_is_queued_by_the_beginning_of_a_digest(candidate: str) -> None:
    job = told("assess", candidate[:10], "--promise", "roc_auc", "--promise", "accuracy")

    assert (job["kind"], job["subject"], job["state"], job["created_by"]) == (
        "assess",
        candidate,
        "waiting",
        "command line: anna",
    )
    with pytest.raises(ConflictError, match="is being assessed"):
        smearflow("assess", candidate)
    for deed in (["compare", candidate], ["propose", candidate, "--reason", "Finds more."]):
        with pytest.raises(NotFoundError, match=r"is being assessed for all sites .*: wait for that"):
            smearflow(*deed)
    assert smearflow("assess", candidate, "--promise", "brier").exit_code == 2


def test_what_was_found_is_told_in_words(candidate: str) -> None:
    with pytest.raises(NotFoundError, match="has not been assessed for all sites"):
        smearflow("compare", candidate)
    assessment_id = assessed(candidate, passed=False)

    said = smearflow("compare", candidate).stdout

    assert f"Assessment {assessment_id}: the gate is NOT PASSED." in said
    assert "FAILED: Its sensitivity is not worse" in said
    assert "Research use only" in said
    assert told("compare", candidate)["id"] == str(assessment_id)


def test_the_operator_is_a_second_person_only_under_another_name(
    candidate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessed(candidate)
    proposal = told("propose", candidate[:8], "--reason", "It finds more.")
    assert proposal["proposed_by"] == "command line: anna"
    with pytest.raises(ForbiddenError, match="another administrator must approve it"):
        smearflow("promote", proposal["id"], "--reason", "Quite so.")

    sits_there(monkeypatch, "bert")
    promoted = told("promote", proposal["id"], "--reason", "I have looked at the cases.")

    assert (promoted["state"], promoted["decided_by"]) == ("approved", "command line: bert")
    assert in_service() == candidate


def test_what_failed_is_overridden_in_so_many_words(candidate: str) -> None:
    assessed(candidate, passed=False)
    with pytest.raises(ConflictError, match="override_reason"):
        smearflow("propose", candidate, "--reason", "It finds more.")
    assert smearflow("propose", candidate, "--reason", "It finds more.", "--override-reason", "").exit_code == 2

    said = smearflow("propose", candidate, "--reason", "It finds more.", "--override-reason", "Too small a set.").stdout

    assert "In spite of the gate: Too small a set." in said
    assert "smearflow model promote" in said


def test_proposals_are_listed_refused_and_withdrawn(candidate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no proposal" in smearflow("proposals").stdout
    assessed(candidate)
    first = told("propose", candidate, "--reason", "It finds more.")
    assert [proposal["id"] for proposal in told("proposals", "--open")] == [first["id"]]
    assert told("withdraw", first["id"])["state"] == "withdrawn"
    second = told("propose", candidate, "--reason", "It finds more.")

    sits_there(monkeypatch, "bert")
    assert told("refuse", second["id"], "--reason", "Not yet.")["decision_reason"] == "Not yet."

    assert told("proposals", "--open") == []
    assert "refused by command line: bert" in smearflow("proposals").stdout
