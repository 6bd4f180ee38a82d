"""`smearflow doctor --gpu` says what TensorRT lacks, and where it lacks nothing, how it answers and how fast."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_service import doctor, gpu_doctor
from cloud_service.audit.trail import Actor
from cloud_service.blob_store import open_blob_store
from cloud_service.cli import app
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from cloud_service.gpu_doctor import examine_gpu
from cloud_service.migrations import upgrade
from cloud_service.ml.engines import opening
from cloud_service.ml.engines.bindings import NoGpuError
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.runtimes.contract import Pixels, Runtime
from cloud_service.registry.engines import EngineImprover
from cloud_service.registry.versions import keep_package, register_package
from shared.checks import Check
from tests.support.engine_child import command
from tests.support.fake_gpu import fake_gpu
from tests.support.registry import put_into_service


@pytest.fixture
def found(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{tmp_path}/smearflow.db",
        blob_url=f"{tmp_path}/blobs",
        model_cache_dir=tmp_path / "models",
        engine_cache_dir=tmp_path / "engines",
    )


@pytest.fixture
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The stand-in, with rates by runtime as if they had been measured."""
    gpu, rates = fake_gpu(), {"tensorrt": 10_000.0, "onnxruntime": 90.0}
    monkeypatch.setattr(opening, "open_cuda", lambda: gpu.cuda)
    monkeypatch.setattr(opening, "open_tensorrt", lambda: gpu.tensorrt)

    def images_a_second(runtime: Runtime, batch: Pixels, *, calls: int) -> float:
        assert calls > 0
        assert len(runtime.predict(batch[:1]).probabilities) == 1
        return rates[runtime.name]

    monkeypatch.setattr(gpu_doctor, "images_a_second", images_a_second)
    return rates


def checks(found: Settings, how: str = "plainly") -> dict[str, Check]:
    improver = EngineImprover(EnginePlace(found.engine_cache_dir), 1, command(how))
    return {check.name: check for check in examine_gpu(found, improver)}


def test_a_machine_without_a_gpu_says_so(found: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoGpuError("CUDA finds no GPU (cudaErrorNoDevice).")

    monkeypatch.setattr(opening, "open_cuda", none)
    monkeypatch.setattr(gpu_doctor, "_DRIVER", Path("/nonexistent"))
    monkeypatch.setattr(doctor, "settings", lambda: found)
    monkeypatch.delenv("SMEARFLOW_ENV_FILE", raising=False)

    shown = CliRunner().invoke(app, ["doctor", "--gpu", "--json"])

    assert shown.exit_code == 1
    told = {check["name"]: check for check in json.loads(shown.stdout)}
    assert {name for name, check in told.items() if not check["good"]} == {"driver", "gpu"}
    assert "CUDA finds no GPU" in told["gpu"]["finding"]
    assert "nothing is amiss: the processor answers" in told["gpu"]["advice"]
    assert "CPUExecutionProvider" in told["onnx runtime"]["finding"]
    assert not told.keys() & {"tensorrt", "model", "engine", "parity", "throughput"}


def test_an_engine_is_built_checked_and_measured_and_then_found(found: Settings, a_gpu: dict[str, float]) -> None:
    first, second = checks(found), checks(found, "never called")

    assert "NVIDIA H100" in first["gpu"].finding
    assert "11.4" in first["tensorrt"].finding
    assert "as no database was asked" in first["model"].finding
    assert "built and checked in" in first["engine"].finding
    assert "0 decisions differ" in first["parity"].finding
    assert "10,000 images/s in batches of 64; ONNX Runtime on one core 90 images/s" in first["throughput"].finding
    assert "found in the cache" in second["engine"].finding
    assert {name for name, check in second.items() if not check.good} <= {"torch"}  # may be a build without CUDA

    a_gpu["tensorrt"] = 80.0
    assert "nvidia-smi" in checks(found)["throughput"].advice
    assert not checks(found)["throughput"].good


@pytest.mark.usefixtures("a_gpu")
def test_an_engine_that_answers_otherwise_is_bad(found: Settings) -> None:
    told = checks(found, "wrongly")

    assert not told["engine"].good
    assert "does not answer as ONNX Runtime does" in told["engine"].finding
    assert "--again" in told["engine"].finding
    assert "throughput" not in told


@pytest.mark.usefixtures("a_gpu")
def test_a_folder_that_others_can_write_is_bad_and_nothing_is_built(found: Settings) -> None:
    found.engine_cache_dir.mkdir()
    found.engine_cache_dir.chmod(0o777)

    told = checks(found, "never called")

    assert not told["engine cache"].good
    assert "chmod 700" in told["engine cache"].finding
    assert "engine" not in told


@pytest.mark.usefixtures("a_gpu")
def test_a_library_that_is_missing_and_a_setting_that_asks_for_no_gpu_are_named(
    found: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise NoGpuError("TensorRT cannot be loaded (libnvinfer.so.11).")

    monkeypatch.setattr(opening, "open_tensorrt", missing)
    told = {check.name: check for check in examine_gpu(found.model_copy(update={"runtime": "onnxruntime"}))}

    assert "libnvinfer" in told["tensorrt"].finding
    assert "SMEARFLOW_RUNTIME is onnxruntime" in told["runtime"].finding
    assert "engine" not in told


@pytest.mark.usefixtures("a_gpu")
def test_the_model_in_service_is_the_one_that_is_looked_at(found: Settings) -> None:
    upgrade(found.database_url)
    assert "none is in service yet" in checks(found)["model"].finding

    kept, engine = keep_package(open_blob_store(found), found.model_dir), make_engine(found.database_url)
    with transaction(engine) as session:
        put_into_service(session, register_package(session, kept, by=Actor("a.lang", "administrator")).digest)
    engine.dispose()

    assert "in service everywhere" in checks(found)["model"].finding
