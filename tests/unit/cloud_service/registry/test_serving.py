"""Which model answers, and what becomes of one that cannot be loaded; without a runtime's library."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.ml.package import ModelPackageError
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.models import Base, ModelActivation, ModelVersion, ShadowRun, now
from cloud_service.registry.served import ServedModel
from cloud_service.registry.serving import Serving
from shared.errors import TransientError
from tests.support.clock import HandClock
from tests.support.inference import PACKAGE
from tests.support.registry import add_model, digest_of, put_into_service
from tests.support.waiting import PATIENCE


class Models:
    """Stands for the blob store: loads each version, unless it was told to fail."""

    def __init__(self) -> None:
        self.faults: dict[str, Exception] = {}
        self.loaded: list[str] = []

    def load(self, version: ModelVersion) -> ServedModel:
        self.loaded.append(version.digest)
        if version.digest in self.faults:
            raise self.faults[version.digest]
        return ServedModel.of(replace(PACKAGE, digest=version.digest), FakeRuntime())


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = make_engine(sqlite_url)
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        for version in ("a", "b"):
            add_model(session, version)
    yield engine
    engine.dispose()


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def serving(models: Models, clock: HandClock) -> Iterator[Serving]:
    serving = Serving(models.load, clock)
    yield serving
    serving.close()


def promote(engine: Engine, version: str, scope: str = "*") -> None:
    with transaction(engine) as session:
        put_into_service(session, digest_of(version), scope=scope)


def refresh(engine: Engine, serving: Serving) -> None:
    with snapshot(engine) as session:
        serving.refresh(session)
    serving.wait()


def answering(serving: Serving, site: str = "north") -> str | None:
    model = serving.model_for(site)
    return model.digest if model else None


def test_without_a_model_in_service_it_says_so(engine: Engine, serving: Serving) -> None:
    refresh(engine, serving)

    assert serving.model_for("north") is None
    assert "No model is in service for site north" in serving.why_none("north")
    assert serving.about()["model"] is None


def test_a_site_has_its_own_model_or_the_one_everywhere(engine: Engine, serving: Serving, models: Models) -> None:
    promote(engine, "a")
    promote(engine, "b", "north")
    refresh(engine, serving)
    assert (answering(serving, "north"), answering(serving, "south")) == (digest_of("b"), digest_of("a"))
    assert [entry["scope"] for entry in serving.about()["models"]] == ["*", "north"]

    with transaction(engine) as session:
        own = select(ModelActivation).where(ModelActivation.scope == "north")
        session.scalars(own).one().until_at = now()
    refresh(engine, serving)
    assert answering(serving, "north") == digest_of("a")
    assert sorted(models.loaded) == sorted([digest_of("a"), digest_of("b")])


def test_the_model_before_answers_until_the_new_one_is_loaded(engine: Engine, models: Models) -> None:
    may_load = threading.Event()

    def load(version: ModelVersion) -> ServedModel:
        if version.digest == digest_of("b"):
            assert may_load.wait(PATIENCE)
        return models.load(version)

    serving = Serving(load)
    promote(engine, "a")
    refresh(engine, serving)
    promote(engine, "b")
    for _batch in range(3):
        with snapshot(engine) as session:
            serving.refresh(session)
        assert answering(serving) == digest_of("a")

    may_load.set()
    serving.wait()

    assert answering(serving) == digest_of("b")
    assert models.loaded == [digest_of("a"), digest_of("b")]
    serving.close()


@pytest.mark.parametrize(
    ("fault", "pause"),
    [(ModelPackageError("Its SHA-256 has changed."), 600.0), (TransientError("The disk is full."), 10.0)],
)
def test_a_model_that_cannot_be_loaded_leaves_the_one_before_and_is_not_tried_in_a_loop(
    engine: Engine, serving: Serving, models: Models, clock: HandClock, fault: Exception, pause: float
) -> None:
    promote(engine, "a")
    refresh(engine, serving)
    models.faults[digest_of("b")] = fault
    promote(engine, "b")
    for _batch in range(5):
        refresh(engine, serving)
        clock.now += pause / 10
    assert models.loaded.count(digest_of("b")) == 1
    assert answering(serving) == digest_of("a")
    assert serving.about()["model_faults"] == [str(fault)]

    clock.now += pause
    refresh(engine, serving)
    assert models.loaded.count(digest_of("b")) == 2

    del models.faults[digest_of("b")]
    clock.now += 2 * pause
    refresh(engine, serving)
    assert answering(serving) == digest_of("b")
    assert serving.about()["model_faults"] == []


def test_waits_between_tries_grow(engine: Engine, serving: Serving, models: Models, clock: HandClock) -> None:
    began = clock.now
    models.faults[digest_of("a")] = TransientError("The blob store is away.")
    promote(engine, "a")
    tries = []
    for _second in range(700):
        before = len(models.loaded)
        refresh(engine, serving)
        if len(models.loaded) > before:
            tries.append(clock.now - began)
        clock.now += 1.0

    assert tries == [0.0, 10.0, 30.0, 70.0, 150.0, 310.0, 630.0]
    assert "The blob store is away." in serving.why_none("north")


def test_a_fault_of_weeks_passes_in_the_end(engine: Engine, serving: Serving, models: Models, clock: HandClock) -> None:
    models.faults[digest_of("a")] = TransientError("The disk is full.")
    promote(engine, "a")
    for _try in range(1030):  # 2 to this power is more than a float holds
        refresh(engine, serving)
        clock.now += 600.0
    assert len(models.loaded) == 1030

    del models.faults[digest_of("a")]
    refresh(engine, serving)

    assert answering(serving) == digest_of("a")


def test_an_error_that_nobody_foresaw_is_a_fault_like_any_other(
    engine: Engine, serving: Serving, models: Models
) -> None:
    promote(engine, "a")
    refresh(engine, serving)
    models.faults[digest_of("b")] = ZeroDivisionError("by zero")
    promote(engine, "b")
    refresh(engine, serving)

    assert answering(serving) == digest_of("a")
    assert serving.about()["model_faults"] == ["ZeroDivisionError: by zero"]


def test_going_back_forgets_the_fault_and_needs_no_loading(engine: Engine, serving: Serving, models: Models) -> None:
    promote(engine, "a")
    refresh(engine, serving)
    models.faults[digest_of("b")] = ModelPackageError("It has changed.")
    promote(engine, "b")
    refresh(engine, serving)
    promote(engine, "a")
    refresh(engine, serving)

    assert serving.about()["model_faults"] == []
    assert models.loaded == [digest_of("a"), digest_of("b")]


def test_shadow_runs_cover_their_scope_and_end(engine: Engine, serving: Serving) -> None:
    promote(engine, "a")
    promote(engine, "a", "south")
    with transaction(engine) as session:
        run = ShadowRun(id=uuid4(), model_digest=digest_of("b"), scope="*", share=0.5, started_by="a.lang")
        session.add(run)
    refresh(engine, serving)

    assert [shadow.digest for shadow in serving.shadows_of("north")] == [digest_of("b")]
    assert serving.shadows_of("south") == []
    model = serving.in_the_shadow(digest_of("b"))
    assert model is not None
    assert answering(serving) == digest_of("a")

    with transaction(engine) as session:
        session.get_one(ShadowRun, run.id).ended_at = now()
    refresh(engine, serving)
    assert serving.shadows_of("north") == []
    assert serving.in_the_shadow(digest_of("b")) is None
