"""A runtime over an engine that is in the cache and passed its check; nothing is built here."""

from cloud_service.ml.engines import opening
from cloud_service.ml.engines.bindings import Gpu
from cloud_service.ml.engines.cache import EngineCache, EngineRecord
from cloud_service.ml.engines.execution import Engine
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.onnxruntime_runtime import OnnxRuntime
from cloud_service.ml.runtimes.tensorrt_runtime import TensorRtRuntime
from shared.errors import PermanentError


class EngineRefusedError(PermanentError):
    """There is no engine that may answer, and it is known why; the text says it, and how to try again."""


def find_engine(package: ModelPackage, place: EnginePlace, threads: int) -> Runtime:
    """The runtime over the engine of a package for this process's GPU.

    Raises:
        NoGpuError: there is no GPU, or not all that it needs.
        EngineRefusedError: none was built for it yet, or it did not pass.
        GpuError: the GPU does not take it.
        UnsafeCacheError: others can write into the cache.
        ModelPackageError: the package has no file for this precision.
    """
    gpu, cache = opening.open_gpu(), EngineCache(place.directory)
    record = cache.find(EngineKey.of(package, gpu, place.precision))
    if record is None:
        raise EngineRefusedError(
            f"No {place.precision} engine of model {package.digest[:12]} was built for this GPU, TensorRT and driver "
            "yet, or it is being built; `smearflow model build-engine` does it, or waits for it."
        )
    return open_engine(package, gpu, cache, record, threads)


def open_engine(package: ModelPackage, gpu: Gpu, cache: EngineCache, record: EngineRecord, threads: int) -> Runtime:
    """The runtime over an engine that passed, in the batch sizes that were checked.

    Raises:
        EngineRefusedError: it did not pass, or is no longer there.
        GpuError: the GPU does not take it.
        UnsafeCacheError: others can write into the cache.
    """
    plan = cache.plan(record) if record.is_usable else None
    if plan is None or record.parity is None:
        raise EngineRefusedError(
            f"The {record.key.precision} engine of model {package.digest[:12]} is not used: "
            f"{record.fault or 'it is no longer in the cache.'} `smearflow model build-engine --again` tries once more."
        )
    engine = Engine(gpu, plan, package.card.preprocess.size, record.parity.batch_sizes)
    return TensorRtRuntime(package, engine, lambda: OnnxRuntime(package, threads))
