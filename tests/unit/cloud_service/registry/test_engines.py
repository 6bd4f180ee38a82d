"""A model answers by a processor until its engine is ready, and for good where that never comes."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.ml.engines import making, opening
from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import EngineRefusedError
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.models import Base, ModelVersion
from cloud_service.registry.engines import EngineBuildStoppedError, EngineImprover, build_command, improver_for
from cloud_service.registry.served import ServedModel
from cloud_service.registry.serving import Serving
from tests.support.engine_child import command
from tests.support.fake_cuda import H100
from tests.support.fake_gpu import fake_gpu, few_cells, noise
from tests.support.registry import add_model, put_into_service
from tests.support.waiting import PATIENCE, wait_until

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Engine]:
    engine = make_engine(sqlite_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_gpu", fake_gpu)


def model_of(package: ModelPackage) -> ServedModel:
    return ServedModel.of(package, load_runtime(package, "onnxruntime"))


@pytest.mark.usefixtures("a_gpu")
def test_the_engine_takes_over_between_two_batches(database: Engine, package: ModelPackage, tmp_path: Path) -> None:
    may_build = threading.Event()

    def when_it_may(package: ModelPackage, place: EnginePlace) -> Sequence[str]:
        assert may_build.wait(PATIENCE)
        return command("plainly")(package, place)

    improver = EngineImprover(EnginePlace(tmp_path / "engines"), 1, when_it_may)
    model = model_of(package)

    def load(version: ModelVersion) -> ServedModel:
        assert version.digest
        return model

    with closing(Serving(load, improver=improver)) as serving:
        _put_under(serving, database, model)
        before = serving.model_for("north")
        assert before is model
        assert "is being looked for" in serving.about()["engine_notes"][0]

        may_build.set()
        wait_until(lambda: serving.about()["engine_notes"] == [])

        after = serving.model_for("north")
        assert after
        assert (after.digest, after.runtime.name, serving.about()["runtime"]) == (model.digest, "tensorrt", "tensorrt")
        pixels = noise(2)
        first, second = (one.runtime.predict(pixels).probabilities for one in (before, after))
        assert abs(first - second).max() < 0.01


def _put_under(serving: Serving, database: Engine, model: ServedModel) -> None:
    """Put the model into service, and wait until it is loaded."""
    with transaction(database) as session:
        add_model(session, "demo", digest=model.digest)
        put_into_service(session, model.digest)
    with snapshot(database) as session:
        serving.refresh(session)
    serving.wait()


@pytest.mark.usefixtures("a_gpu")
def test_an_engine_that_fails_leaves_the_processor_and_says_why(package: ModelPackage, tmp_path: Path) -> None:
    improver = EngineImprover(EnginePlace(tmp_path / "engines"), 1, command("wrongly"))
    for _ in range(2):  # the second time from memory
        with pytest.raises(EngineRefusedError, match="does not answer as ONNX Runtime does"):
            improver.improve(model_of(package))
        improver = EngineImprover(EnginePlace(tmp_path / "engines"), 1, command("never called"))


@pytest.mark.usefixtures("a_gpu")
def test_a_build_without_a_gpu_says_so_through_the_worker(package: ModelPackage, tmp_path: Path) -> None:
    improver = EngineImprover(EnginePlace(tmp_path / "engines"), 1)  # the real command, on a machine without a GPU
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has an NVIDIA GPU (/dev/nvidiactl)")

    with pytest.raises(EngineBuildStoppedError, match="ended with code 1: smearflow: "):
        improver.improve(model_of(package))


@pytest.mark.usefixtures("a_gpu")
def test_a_worker_that_stops_gives_the_build_up(package: ModelPackage, tmp_path: Path) -> None:
    improver = EngineImprover(EnginePlace(tmp_path / "engines"), 1, command("waiting"))
    errors: list[Exception] = []

    def improve() -> None:
        try:
            improver.improve(model_of(package))
        except EngineBuildStoppedError as error:
            errors.append(error)

    thread = threading.Thread(target=improve)
    thread.start()
    wait_until(lambda: improver._building is not None)
    improver.close()
    thread.join(PATIENCE)

    assert len(errors) == 1


def test_once_an_engine_serves_those_of_an_older_driver_go(
    package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, older = EngineCache(tmp_path / "engines"), fake_gpu(description=replace(H100, driver="570.1, CUDA 12080"))
    replaced = making.make_engine(package, older, cache, Precision.FLOAT16, lambda: few_cells(package)).key
    two_days_ago = time.time() - 2 * 86_400
    for file in cache.directory.iterdir():
        os.utime(file, (two_days_ago, two_days_ago))
    gpu = fake_gpu()
    monkeypatch.setattr(opening, "open_gpu", lambda: gpu)

    EngineImprover(EnginePlace(cache.directory), 1, command("plainly")).improve(model_of(package))

    assert cache.names() == [EngineKey.of(package, gpu, Precision.FLOAT16).name] != [replaced.name]


def test_a_processors_runtime_by_name_asks_for_no_gpu(package: ModelPackage) -> None:
    assert improver_for(Settings(runtime="onnxruntime")) is None
    assert improver_for(Settings(runtime="auto")) is not None
    built_by = build_command(package, EnginePlace(Path("engines")))
    assert built_by[3:6] == ["model", "build-engine", str(DEMO_MODEL)]
