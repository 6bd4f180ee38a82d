"""`smearflow model …` as an operator types it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service import database
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.ml.package import load_package
from cloud_service.models import AuditEntry, Site
from tests.support.commands import Commands, own_cloud
from tests.support.registry import add_model, digest_of, put_into_service

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"

commands = Commands("model")
smearflow, said, told = commands.run, commands.said, commands.told


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database with models "a", which was in service, "b", which is, and the candidate "c"."""
    with own_cloud(tmp_path, monkeypatch):
        with database.transaction() as session:
            session.add(Site(id="north"))
            for version in ("a", "b", "c"):
                add_model(session, version)
            for version in ("a", "b"):
                put_into_service(session, digest_of(version))
        yield


def test_models_are_listed_with_what_they_are_to_the_service() -> None:
    assert {model["version"]: (model["state"], model["active_in"]) for model in told("list")} == {
        "a": ("retired", []),
        "b": ("active", ["*"]),
        "c": ("candidate", []),
    }
    (line,) = [line for line in said("list").splitlines() if line.startswith(digest_of("b")[:12])]
    assert "all sites without a model of their own" in line


def test_a_model_is_shown_by_what_its_digest_begins_with() -> None:
    shown = said("show", digest_of("a")[:10])
    assert shown.startswith("se-cnn a ")
    assert "State: retired" in shown
    assert "promotion by a.lang, approved by b.kern" in shown
    assert told("show", digest_of("b"))["state"] == "active"
    with pytest.raises(NotFoundError, match="No model with the digest ffff"):
        smearflow("show", "ffff")


def test_a_package_is_registered_once() -> None:
    digest = load_package(DEMO_MODEL).digest
    assert told("register", str(DEMO_MODEL))["digest"] == digest
    assert f"Model {digest[:12]}" in said("register", str(DEMO_MODEL))
    assert told("show", digest)["registered_by"].startswith("command line: ")
    assert len(told("list")) == 4


def test_going_back_is_told_and_stands_in_the_timeline() -> None:
    assert "se-cnn a" in said("rollback", "--reason", "Worse.").partition("answers again")[0]
    newest, *_ = told("timeline")
    assert (newest["kind"], newest["model_version"], newest["reason"]) == ("rollback", "a", "Worse.")
    assert said("timeline").count("\n") == 3
    assert "No model was in service yet." in said("timeline", "--scope", "north")
    with pytest.raises(ConflictError, match="is the first"):
        smearflow("rollback", "--reason", "Worse still.")
    with database.snapshot() as session:
        entries = session.query(AuditEntry).filter_by(action="model-rolled-back").all()
        assert [entry.actor.startswith("command line: ") for entry in entries] == [True]


def test_a_shadow_run_begins_and_ends() -> None:
    candidate = digest_of("c")[:8]
    assert "No capture was answered in the shadow yet." in said("shadow", candidate)
    assert "25% of the captures of site north" in said("shadow", candidate, "--share", "0.25", "--scope", "north")
    assert [run["ended_at"] for run in told("shadow", candidate)["runs"]] == [None]
    assert told("shadow", candidate, "--end")["runs"][0]["ended_at"] is not None
    assert smearflow("shadow", candidate, "--end", "--share", "0.5").exit_code == 2
    assert smearflow("shadow", candidate, "--share", "1.5").exit_code == 2


def test_a_model_is_rejected() -> None:
    assert "is rejected" in said("reject", digest_of("c"), "--reason", "Misses small cells.")
    with pytest.raises(ConflictError, match="Go back to another one first"):
        smearflow("reject", digest_of("b"), "--reason", "No.")
