"""TensorRT itself, on an NVIDIA GPU. Run with `make test-gpu`; skipped where there is no GPU or no TensorRT."""

from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.engines.bindings import Gpu, NoGpuError
from cloud_service.ml.engines.building import BATCH_SIZES
from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.opening import open_gpu
from cloud_service.ml.engines.parity import MOST_DIFFERENCE, calibration_pixels
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import open_engine
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.runtimes.speed import images_a_second, some_pixels
from tests.support.fake_gpu import noise

pytestmark = pytest.mark.gpu

DEMO_MODEL = Path(__file__).parents[2] / "cloud_service" / "ml" / "demo_model"
_RUNS = 30
_FEW = 5  # on a processor, which is slower


@pytest.fixture(scope="module")
def gpu() -> Gpu:
    try:
        return open_gpu()
    except NoGpuError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return EngineCache(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module", params=Precision)
def runtime(request: pytest.FixtureRequest, gpu: Gpu, package: ModelPackage, cache: EngineCache) -> Runtime:
    record = make_engine(package, gpu, cache, request.param)
    assert record.is_usable, record.fault
    return open_engine(package, gpu, cache, record, threads=1)


def precision_of(request: pytest.FixtureRequest) -> Precision:
    return Precision(request.node.callspec.params["runtime"])


def test_an_engine_passes_and_is_found_again(
    runtime: Runtime, gpu: Gpu, package: ModelPackage, cache: EngineCache, request: pytest.FixtureRequest
) -> None:
    record = cache.read(EngineKey.of(package, gpu, precision_of(request)))

    assert runtime.name == "tensorrt"
    assert record
    assert record.parity
    assert record.parity.batch_sizes == BATCH_SIZES
    request.node.user_properties.append(("parity", record.parity.in_words))


@pytest.mark.parametrize("count", [1, 3, 8, 9, 64])
def test_every_length_of_a_batch_is_answered_as_by_onnx_runtime(
    runtime: Runtime, package: ModelPackage, count: int, request: pytest.FixtureRequest
) -> None:
    pixels = calibration_pixels(package.card.preprocess, crops=8, fields=0)
    batch = np.concatenate([pixels] * 8)[:count]
    reference = load_runtime(package, "onnxruntime")
    expected = np.concatenate([reference.predict(image[None]).probabilities for image in batch])

    found = runtime.predict(batch)

    assert np.abs(found.probabilities - expected).max() <= MOST_DIFFERENCE[precision_of(request)]
    np.testing.assert_array_equal(runtime.predict(batch).probabilities, found.probabilities)
    assert found.attention is not None
    assert runtime.name == "tensorrt"  # and not the processor in its place


def test_how_fast_it_is(runtime: Runtime, package: ModelPackage, request: pytest.FixtureRequest) -> None:
    """Figures for the report beside the processor's, with no bound: the machine decides them."""
    processor = load_runtime(package, "onnxruntime")
    for count in BATCH_SIZES:
        found = images_a_second(runtime, some_pixels(count), calls=_RUNS)
        request.node.user_properties.append((f"images a second, batch {count}", f"{found:,.0f}"))
        assert runtime.name == "tensorrt"
    alone = images_a_second(processor, some_pixels(1), calls=_FEW)
    request.node.user_properties.append(("images a second, ONNX Runtime on one core", f"{alone:,.0f}"))


def test_memory_is_given_back(gpu: Gpu, package: ModelPackage, cache: EngineCache) -> None:
    from cuda.bindings import runtime as cuda  # noqa: PLC0415 - only where there is a GPU

    def free() -> int:
        return int(cuda.cudaMemGetInfo()[1])

    record = make_engine(package, gpu, cache, Precision.FLOAT16)
    before = free()
    for _ in range(3):  # the first may leave what CUDA keeps for itself
        open_engine(package, gpu, cache, record, threads=1).predict(noise(1))
        left = free()
    open_engine(package, gpu, cache, record, threads=1).predict(noise(1))

    assert free() >= left
    assert before - left < 256 * 1024**2
