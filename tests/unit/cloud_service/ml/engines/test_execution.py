"""Where the GPU has too little memory, or fails, no answer is lost."""

from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.engines.bindings import Gpu, GpuError, GpuMemoryError
from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import open_engine
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.loading import load_runtime
from tests.support.fake_gpu import fake_gpu, fakes_of, noise

BATCH = noise(10)
DEMO_MODEL = Path(__file__).parents[5] / "cloud_service" / "ml" / "demo_model"


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture(scope="module")
def cache(package: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    cache = EngineCache(tmp_path_factory.mktemp("engines"))
    make_engine(package, fake_gpu(), cache, Precision.FLOAT32, lambda: noise(1))
    return cache


@pytest.fixture
def gpu() -> Gpu:
    return fake_gpu()


@pytest.fixture
def runtime(package: ModelPackage, gpu: Gpu, cache: EngineCache) -> Runtime:
    record = make_engine(package, gpu, cache, Precision.FLOAT32, lambda: noise(1))  # is found there
    runtime = open_engine(package, gpu, cache, record, threads=1)
    fakes_of(gpu)[1].launches = 0
    return runtime


def assert_answers(runtime: Runtime, package: ModelPackage) -> None:
    """Every image has its own answer, in its place."""
    expected, found = (one.predict(BATCH[:8]) for one in (load_runtime(package, "onnxruntime"), runtime))
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
    assert runtime.predict(BATCH).probabilities.shape == (10,)


def test_a_batch_is_one_run(runtime: Runtime, gpu: Gpu, package: ModelPackage) -> None:
    assert_answers(runtime, package)
    assert fakes_of(gpu)[1].launches == 2


def test_short_memory_makes_batches_smaller(runtime: Runtime, gpu: Gpu, package: ModelPackage) -> None:
    _, cuda = fakes_of(gpu)
    before = cuda.used()
    cuda.faults = [GpuMemoryError("full"), GpuMemoryError("full")]

    answers = runtime.predict(BATCH)

    assert answers.probabilities.shape == (10,)
    assert cuda.launches == 10  # one by one: neither 64 nor 8 fitted
    assert cuda.used() < before / 50
    assert runtime.name == "tensorrt"
    assert_answers(runtime, package)


@pytest.mark.parametrize(
    "faults", [[GpuMemoryError("full")] * 3, [GpuError("fell off the bus")]], ids=["no memory at all", "a fault"]
)
def test_the_processor_goes_on_where_the_gpu_cannot(
    runtime: Runtime, gpu: Gpu, package: ModelPackage, faults: list[GpuError]
) -> None:
    fakes_of(gpu)[1].faults = list(faults)

    assert_answers(runtime, package)

    assert runtime.name == "onnxruntime"  # what is written beside an answer is what gave it
    assert fakes_of(gpu)[1].launches == 0
