"""Engines are built once, checked before use, and never loaded where anything could be wrong with them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.engines import opening
from cloud_service.ml.engines.bindings import Gpu, GpuMemoryError, NoGpuError
from cloud_service.ml.engines.cache import EngineCache, EngineRecord, UnsafeCacheError
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import EngineRefusedError, open_engine
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.choice import choices_for, is_installed
from cloud_service.ml.runtimes.loading import RuntimeName, load_runtime
from tests.support.fake_cuda import H100
from tests.support.fake_gpu import fake_gpu, fakes_of, few_cells, noise

ROOT = Path(__file__).parents[5]
DEMO_MODEL = ROOT / "cloud_service" / "ml" / "demo_model"


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def gpu() -> Gpu:
    return fake_gpu()


def made(package: ModelPackage, gpu: Gpu, cache: EngineCache, precision: Precision = Precision.FLOAT16) -> EngineRecord:
    return make_engine(package, gpu, cache, precision, lambda: few_cells(package))


def builds(gpu: Gpu) -> int:
    return fakes_of(gpu)[0].builds


def child(package: ModelPackage, cache: EngineCache, how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.support.engine_child", str(package.directory), str(cache.directory), how]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def wait_for(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout
    assert any(said.strip() == line for said in iter(process.stdout.readline, "")), f"it ended before {line!r}"


def test_an_engine_is_built_checked_and_found_again(package: ModelPackage, gpu: Gpu, cache: EngineCache) -> None:
    record = made(package, gpu, cache)

    assert record.is_usable
    assert record.parity
    assert record.parity.batch_sizes == (1, 8, 64)
    assert 0 < record.parity.largest_difference < 0.01  # half precision shows, and is within its bound
    assert made(package, fake_gpu(), cache) == record
    runtime = open_engine(package, gpu, cache, record, threads=1)
    batch = noise(3)
    expected = load_runtime(package, "onnxruntime").predict(batch)
    np.testing.assert_allclose(runtime.predict(batch).probabilities, expected.probabilities, atol=0.01)
    assert runtime.name == "tensorrt"
    assert builds(gpu) == 1


def test_an_engine_of_another_driver_is_not_used(package: ModelPackage, gpu: Gpu, cache: EngineCache) -> None:
    first = made(package, gpu, cache)
    changed = fake_gpu(description=replace(H100, driver="581.1, CUDA 13000"))

    assert made(package, changed, cache).key != first.key
    assert builds(changed) == 1


def test_whatever_differs_is_another_key(package: ModelPackage, gpu: Gpu) -> None:
    newer = fake_gpu()
    newer.tensorrt.__version__ = "11.5.0.1"
    keys = [
        EngineKey.of(package, gpu, Precision.FLOAT16),
        EngineKey.of(package, gpu, Precision.FLOAT32),
        EngineKey.of(package, gpu, Precision.INT8),
        EngineKey.of(replace(package, digest="c" * 64), gpu, Precision.FLOAT16),
        EngineKey.of(package, newer, Precision.FLOAT16),
        *(
            EngineKey.of(package, fake_gpu(description=replace(H100, **change)), Precision.FLOAT16)
            for change in ({"name": "NVIDIA H200"}, {"compute_capability": "10.0"}, {"driver": "581.1, CUDA 13000"})
        ),
    ]

    assert len({key.name for key in keys}) == len(keys) == 8


@pytest.mark.parametrize("suffix", [".engine", ".json"])
def test_a_half_written_file_is_built_anew(package: ModelPackage, gpu: Gpu, cache: EngineCache, suffix: str) -> None:
    record = made(package, gpu, cache)
    file = cache.directory / f"{record.key.name}{suffix}"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    assert cache.read(record.key) is None
    assert made(package, gpu, cache).is_usable
    assert builds(gpu) == 2


def test_an_engine_that_answers_wrongly_is_never_used(package: ModelPackage, gpu: Gpu, cache: EngineCache) -> None:
    fakes_of(gpu)[0].spoil = 5.0

    record = made(package, gpu, cache)

    assert record.fault
    assert "does not answer as ONNX Runtime does" in record.fault
    assert record.parity
    assert record.parity.largest_difference > 0.01
    assert not list(cache.directory.glob("*.engine"))
    with pytest.raises(EngineRefusedError, match="--again"):
        open_engine(package, gpu, cache, record, threads=1)
    assert made(package, gpu, cache) == record
    assert builds(gpu) == 1  # not tried in a loop

    fakes_of(gpu)[0].spoil = 0.0
    with cache.lock(record.key):
        cache.forget(record.key)
    assert made(package, gpu, cache).is_usable


def test_a_graph_that_tensorrt_refuses_is_remembered_with_its_reasons(
    package: ModelPackage, gpu: Gpu, cache: EngineCache
) -> None:
    fakes_of(gpu)[0].refusals = ["node 7 is unknown", "node 9 too"]

    record = made(package, gpu, cache)

    assert record.fault
    assert "node 7 is unknown; node 9 too" in record.fault
    assert cache.read(record.key) == record


def test_want_of_memory_is_not_remembered(package: ModelPackage, cache: EngineCache) -> None:
    small = fake_gpu(memory_bytes=1000)
    with pytest.raises(GpuMemoryError):
        made(package, small, cache)

    assert not fakes_of(small)[1].blocks  # and gives back what it took
    assert made(package, fake_gpu(), cache).is_usable


def test_only_batches_that_were_checked_are_used(package: ModelPackage, cache: EngineCache) -> None:
    record = made(package, fake_gpu(memory_bytes=3_000_000), cache)  # eight images have 1.2 MB, 64 have 10
    assert record.parity
    assert record.parity.batch_sizes == (1, 8)
    roomy = fake_gpu()

    assert open_engine(package, roomy, cache, record, threads=1).predict(noise(20)).probabilities.shape == (20,)
    assert fakes_of(roomy)[1].launches == 3


def test_a_place_that_others_can_write_is_refused(package: ModelPackage, gpu: Gpu, cache: EngineCache) -> None:
    record = made(package, gpu, cache)
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    engine = cache.directory / f"{record.key.name}.engine"
    assert engine.stat().st_mode & 0o777 == 0o600

    for place, mode in ((engine, 0o666), (cache.directory, 0o770), (cache.directory.parent, 0o777)):
        before = place.stat().st_mode
        place.chmod(mode)
        with pytest.raises(UnsafeCacheError):
            cache.read(record.key)
        place.chmod(before)
    moved = engine.rename(engine.with_suffix(".moved"))
    engine.symlink_to(moved)
    with pytest.raises(UnsafeCacheError):
        cache.read(record.key)


def test_two_processes_build_one_engine(package: ModelPackage, cache: EngineCache) -> None:
    first = child(package, cache, "waiting")
    wait_for(first, "building")
    second = child(package, cache, "plainly")
    wait_for(second, "starting")

    said = [first.communicate("go on\n")[0], second.communicate()[0]]

    assert [text.splitlines()[-1] for text in said] == ["builds 1, usable True", "builds 0, usable True"]


@pytest.mark.parametrize("moment", [1, 3], ids=["in the engine", "in the record"])
def test_a_process_killed_while_it_writes_leaves_no_engine(
    package: ModelPackage, gpu: Gpu, cache: EngineCache, moment: int
) -> None:
    killed = child(package, cache, f"stopping-{moment}")
    wait_for(killed, "writing")
    killed.kill()
    killed.communicate()

    assert cache.read(EngineKey.of(package, gpu, Precision.FLOAT16)) is None
    assert made(package, gpu, cache).is_usable
    assert sorted(path.suffix for path in cache.directory.iterdir()) == [".engine", ".json", ".lock"]


def test_auto_is_tensorrt_where_an_engine_passed(
    package: ModelPackage, gpu: Gpu, cache: EngineCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = EnginePlace(cache.directory)
    assert load_runtime(package, engines=place).name == "onnxruntime-int8"  # this machine has no GPU, or no engine yet
    monkeypatch.setattr(opening, "open_gpu", lambda: gpu)
    with pytest.raises(EngineRefusedError, match="smearflow model build-engine"):
        load_runtime(package, RuntimeName.TENSORRT, engines=place)
    assert load_runtime(package, engines=place).name == "onnxruntime-int8"

    made(package, gpu, cache)

    assert load_runtime(package, engines=place).name == "tensorrt"
    assert load_runtime(package).name == "onnxruntime-int8"
    assert is_installed(RuntimeName.TENSORRT)
    assert any("on NVIDIA H100" in choice.reason for choice in choices_for(package.card))


def test_a_machine_without_a_gpu_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(NoGpuError, match="extra `gpu`"):
        opening.open_gpu()
    assert not is_installed(RuntimeName.TENSORRT)
