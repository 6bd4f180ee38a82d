"""What is in service where, on both databases: decisions one by one, several at once, and the way back."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor
from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.ml.package import ModelPackageError, load_package
from cloud_service.models import (
    EVERYWHERE,
    AuditEntry,
    Base,
    Event,
    ModelActivation,
    ModelVersion,
    ShadowRun,
    Site,
)
from cloud_service.registry import service
from cloud_service.registry.activations import Promotion, promote, reject, roll_back
from cloud_service.registry.beginning import begin
from cloud_service.registry.queries import timeline
from cloud_service.registry.shadow import start_shadow
from cloud_service.registry.versions import active_digest
from cloud_service.vocabulary import ActivationKind, ModelState
from tests.support.registry import add_model, digest_of, put_into_service
from tests.support.waiting import PATIENCE

LANG, KERN = Actor("a.lang"), Actor("b.kern")
DEMO_MODEL = Path(__file__).parents[2] / "cloud_service" / "ml" / "demo_model"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        session.add_all([Site(id="north"), Site(id="south")])
        for version in ("a", "b", "c"):
            add_model(session, version)
        put_into_service(session, digest_of("a"), kind=ActivationKind.INITIAL)
    yield engine
    engine.dispose()


def promoted(engine: Engine, version: str, champion: str | None, scope: str = EVERYWHERE) -> None:
    with transaction(engine) as session:
        promote(
            session,
            KERN,
            Promotion(
                digest=digest_of(version),
                scope=scope,
                champion=digest_of(champion) if champion else None,
                by="a.lang",
                approved_by="b.kern",
                reason="Better.",
            ),
        )


def went_back(engine: Engine, scope: str = EVERYWHERE, expected: str | None = None) -> str:
    with transaction(engine) as session:
        _, new = roll_back(session, LANG, scope=scope, reason="Worse.", expected=expected and digest_of(expected))
        return new.model_digest


def in_service(engine: Engine, site: str = "north") -> str | None:
    with snapshot(engine) as session:
        return active_digest(session, site)


def states(engine: Engine) -> dict[str, str]:
    with snapshot(engine) as session:
        return {version.version: version.state for version in session.scalars(select(ModelVersion))}


def open_rows(engine: Engine) -> list[tuple[str, str]]:
    with snapshot(engine) as session:
        rows = session.execute(
            select(ModelActivation.scope, ModelActivation.model_digest).where(ModelActivation.until_at.is_(None))
        )
        return sorted((scope, digest) for scope, digest in rows)


def together(*calls: Callable[[], Any]) -> list[object]:
    """The outcome of each call, result or error, all begun at the same moment."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> object:
        start.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        futures = [threads.submit(run, call) for call in calls]
        return [future.exception() or future.result() for future in futures]


def test_a_promotion_ends_what_was_there_and_is_told_and_audited(engine: Engine) -> None:
    promoted(engine, "b", "a")

    assert in_service(engine) == digest_of("b")
    assert states(engine) == {"a": ModelState.RETIRED, "b": ModelState.ACTIVE, "c": ModelState.CANDIDATE}
    with snapshot(engine) as session:
        newest, first = timeline(session)
        assert (newest.kind, newest.by, newest.approved_by) == (ActivationKind.PROMOTION, "a.lang", "b.kern")
        assert first.until_at == newest.from_at
        assert {event.payload["version"] for event in session.scalars(select(Event))} == {"a", "b"}
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == Action.MODEL_PROMOTED)).one()
        assert (entry.actor, entry.subject, entry.details["former"]) == ("b.kern", digest_of("b"), digest_of("a"))


def test_what_cannot_come_into_service_says_why_and_changes_nothing(engine: Engine) -> None:
    with transaction(engine) as session:
        session.get_one(ModelVersion, digest_of("c")).package_sha256 = None
    with pytest.raises(ConflictError, match="not kept here"):
        promoted(engine, "c", "a")
    with pytest.raises(ConflictError, match="in service in all sites without a model of their own already"):
        promoted(engine, "a", "a")
    with pytest.raises(ConflictError, match="Another model is in service"):
        promoted(engine, "b", "c")
    with pytest.raises(NotFoundError, match="There is no site west"):
        promoted(engine, "b", "a", "west")
    with pytest.raises(NotFoundError, match="registered"):
        promoted(engine, "unknown", "a")
    with transaction(engine) as session:
        reject(session, LANG, digest=digest_of("b"), reason="Misses small cells.")
    with pytest.raises(ConflictError, match="was rejected"):
        promoted(engine, "b", "a")

    assert open_rows(engine) == [(EVERYWHERE, digest_of("a"))]


@pytest.mark.parametrize("scope", [EVERYWHERE, "north"])
def test_of_two_promotions_at_once_one_wins_and_the_other_hears_why(engine: Engine, scope: str) -> None:
    outcomes = together(lambda: promoted(engine, "b", "a", scope), lambda: promoted(engine, "c", "a", scope))

    (lost,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(lost, ConflictError)
    assert "came into service" in str(lost) or "is in service" in str(lost)
    winner = digest_of("b" if outcomes[0] is None else "c")
    assert [digest for held, digest in open_rows(engine) if held == scope] == [winner]
    with snapshot(engine) as session:
        assert len(timeline(session)) == 2


def test_of_two_who_go_back_at_once_one_does(engine: Engine) -> None:
    promoted(engine, "b", "a")
    promoted(engine, "c", "b")

    outcomes = together(*[lambda: went_back(engine, expected="c")] * 2)

    assert digest_of("b") in outcomes
    assert len([outcome for outcome in outcomes if isinstance(outcome, ConflictError)]) == 1
    assert in_service(engine) == digest_of("b")


def test_going_back_twice_is_going_back_further_and_the_first_stays(engine: Engine) -> None:
    promoted(engine, "b", "a")
    promoted(engine, "c", "b")

    assert went_back(engine) == digest_of("b")
    assert went_back(engine) == digest_of("a")
    with pytest.raises(ConflictError, match="is the first"):
        went_back(engine)

    assert in_service(engine) == digest_of("a")
    assert states(engine) == {"a": ModelState.ACTIVE, "b": ModelState.RETIRED, "c": ModelState.RETIRED}
    with snapshot(engine) as session:
        assert len(timeline(session)) == 5


def test_a_rejected_model_is_not_gone_back_to(engine: Engine) -> None:
    promoted(engine, "b", "a")
    promoted(engine, "c", "b")
    with transaction(engine) as session:
        reject(session, LANG, digest=digest_of("b"), reason="Found out later.")
    with pytest.raises(ConflictError, match="is in service"), transaction(engine) as session:
        reject(session, LANG, digest=digest_of("c"), reason="No.")

    assert went_back(engine) == digest_of("a")


def test_a_site_that_gave_its_model_up_gives_up_the_next_one_too(engine: Engine) -> None:
    promoted(engine, "b", "a", "north")
    assert went_back(engine, "north") == digest_of("a")
    promoted(engine, "c", "a", "north")

    assert went_back(engine, "north") == digest_of("a")

    assert open_rows(engine) == [(EVERYWHERE, digest_of("a"))]
    promoted(engine, "b", "a")
    assert in_service(engine, "north") == digest_of("b")  # it follows the one everywhere


def test_a_site_gives_its_own_model_up_for_the_one_everywhere(engine: Engine) -> None:
    promoted(engine, "b", "a", "north")
    assert (in_service(engine, "north"), in_service(engine, "south")) == (digest_of("b"), digest_of("a"))
    promoted(engine, "c", "a")
    assert in_service(engine, "north") == digest_of("b")

    with transaction(engine) as session:
        done = service.roll_back(session, LANG, scope="north", reason="Worse.")

    assert done.replaced.model_digest == digest_of("b")
    assert done.activation.model_digest == digest_of("c")
    assert done.activation.until_at is not None
    assert in_service(engine, "north") == digest_of("c")
    with pytest.raises(ConflictError, match="no model of its own"):
        went_back(engine, "north")


def test_a_promotion_ends_the_models_shadow_run(engine: Engine) -> None:
    with transaction(engine) as session:
        start_shadow(session, LANG, digest=digest_of("b"), scope=EVERYWHERE, share=0.5)
    assert states(engine)["b"] == ModelState.SHADOW
    with pytest.raises(ConflictError, match="already"), transaction(engine) as session:
        start_shadow(session, LANG, digest=digest_of("b"), scope="north", share=0.5)
    with pytest.raises(ConflictError, match="is in service there itself"), transaction(engine) as session:
        start_shadow(session, LANG, digest=digest_of("a"), scope=EVERYWHERE, share=0.5)

    promoted(engine, "b", "a")

    with snapshot(engine) as session:
        run = session.scalars(select(ShadowRun)).one()
        assert (run.ended_by, run.ended_at is not None) == ("b.kern", True)


class Installation:
    """A database without models, and the package that the installation was given."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.settings = Settings(
            database_url=database_url, blob_url=str(folder / "blobs"), model_cache_dir=folder / "models"
        )
        self.engine = make_engine(database_url)
        Base.metadata.create_all(self.engine)
        self.blobs = open_blob_store(self.settings)

    def begin(self, **changes: Any) -> None:
        begin(self.engine, self.blobs, self.settings.model_copy(update=changes))


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    made = Installation(tmp_path, database_url)
    yield made
    made.engine.dispose()


def test_workers_that_start_at_once_put_the_first_model_into_service_once(installation: Installation) -> None:
    assert together(*[installation.begin] * 4) == [None] * 4
    installation.begin()

    demo = load_package(DEMO_MODEL).digest
    assert open_rows(installation.engine) == [(EVERYWHERE, demo)]
    with snapshot(installation.engine) as session:
        (entry,) = timeline(session)
        assert (entry.kind, entry.by) == (ActivationKind.INITIAL, "(installation)")
        assert session.scalars(select(AuditEntry.action)).all() == [Action.MODEL_REGISTERED]
        assert session.get_one(ModelVersion, demo).state == ModelState.ACTIVE


def test_another_package_of_the_installation_is_registered_and_does_not_replace_what_is_in_service(
    installation: Installation,
) -> None:
    with transaction(installation.engine) as session:
        add_model(session, "a")
        put_into_service(session, digest_of("a"))

    installation.begin()

    assert open_rows(installation.engine) == [(EVERYWHERE, digest_of("a"))]
    with snapshot(installation.engine) as session:
        assert session.get_one(ModelVersion, load_package(DEMO_MODEL).digest).state == ModelState.CANDIDATE


def test_a_missing_package_stops_a_worker_only_where_nothing_else_is_in_service(
    installation: Installation, tmp_path: Path
) -> None:
    with pytest.raises(ModelPackageError):
        installation.begin(model_dir=tmp_path / "nowhere")
    installation.begin()
    installation.begin(model_dir=tmp_path / "nowhere")
    assert len(open_rows(installation.engine)) == 1
