"""`smearflow doctor --gpu`: what keeps a worker from answering by TensorRT here, and how fast it is where nothing does.

The engine is found, or built in a process of its own, just as a worker does it.
"""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import snapshot
from cloud_service.doctor import open_database
from cloud_service.ml.engines import opening
from cloud_service.ml.engines.bindings import Cuda, Gpu, GpuError, NoGpuError
from cloud_service.ml.engines.cache import EngineCache, UnsafeCacheError
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.loading import RuntimeName, load_runtime
from cloud_service.ml.runtimes.speed import images_a_second, some_pixels
from cloud_service.models import EVERYWHERE, ModelVersion
from cloud_service.registry.engines import EngineImprover, improver_for
from cloud_service.registry.packages import fetch_package
from cloud_service.registry.served import ServedModel
from cloud_service.registry.versions import active_digest
from shared.checks import Check
from shared.errors import SmearflowError

_DRIVER: Final = Path("/sys/module/nvidia/version")
_CALLS, _CALLS_OF_PROCESSOR = 30, 5
_NO_GPU = (
    "Where this machine has an NVIDIA GPU, install its driver and Smearflow's extra `gpu`, and hand the GPU over to a "
    "container. Where it has none, nothing is amiss: the processor answers."
)
_GOES_ON = "Mend what is said, then ask again; meanwhile workers answer by the processor, and nothing is lost."


def examine_gpu(found: Settings, improver: EngineImprover | None = None) -> Iterator[Check]:
    """All checks, one after another; those that need what a failed one should have found are left out.

    Args:
        found: settings that could be read.
        improver: finds or builds the engine; by default the one that a worker with these settings has.
    """
    cuda, of_gpu = _gpu()
    yield _driver(is_used=cuda is not None)
    yield of_gpu
    gpu = None
    if cuda is not None:
        gpu, of_library = _tensorrt(cuda)
        yield of_library
    yield _onnx_runtime()
    yield _torch(has_gpu=cuda is not None)
    of_cache = _cache(found.engine_cache_dir)
    yield of_cache
    improver = improver or improver_for(found)
    if improver is None:
        finding = f"SMEARFLOW_RUNTIME is {found.runtime}, so that no worker asks for the GPU"
        yield Check("runtime", good=False, finding=finding, advice="Set it to auto, or leave it out.")
    elif gpu is not None and of_cache.good:
        yield from _model(found, gpu, improver)


def _driver(*, is_used: bool) -> Check:
    """The kernel's part of the driver; some systems reach a GPU without showing one."""
    if _DRIVER.exists():
        return Check("driver", good=True, finding=f"NVIDIA's driver {_DRIVER.read_text(encoding='ascii').strip()}")
    finding = "this system does not show NVIDIA's driver" + (", but CUDA reaches a GPU" if is_used else "")
    return Check("driver", good=is_used, finding=finding, advice=_NO_GPU)


def _gpu() -> tuple[Cuda | None, Check]:
    try:
        cuda = opening.open_cuda()
        device = cuda.describe()
    except (NoGpuError, GpuError) as error:
        return None, Check("gpu", good=False, finding=str(error), advice=_NO_GPU)
    finding = f"{device.name}, compute capability {device.compute_capability}, driver {device.driver}"
    return cuda, Check("gpu", good=True, finding=finding)


def _tensorrt(cuda: Cuda) -> tuple[Gpu | None, Check]:
    try:
        gpu = Gpu(opening.open_tensorrt(), cuda)
    except NoGpuError as error:
        return None, Check("tensorrt", good=False, finding=str(error), advice=_GOES_ON)
    if find_spec("onnx") is None:
        advice = "Install Smearflow with its extra `gpu`."
        return gpu, Check("tensorrt", good=False, finding="onnx, which building needs, is not installed", advice=advice)
    return gpu, Check("tensorrt", good=True, finding=f"{gpu.tensorrt.__version__}, and its libraries can be loaded")


def _onnx_runtime() -> Check:
    """What answers until an engine is there, and what the engine is compared with."""
    if find_spec("onnxruntime") is None:
        return Check("onnx runtime", good=False, finding="it is not installed", advice="Install the extra `cloud`.")
    library = importlib.import_module("onnxruntime")
    providers = ", ".join(library.get_available_providers())
    finding = f"{library.__version__} with {providers}; the processor's alone is used"
    return Check("onnx runtime", good=True, finding=finding)


def _torch(*, has_gpu: bool) -> Check:
    """Only training uses it."""
    if find_spec("torch") is None:
        return Check("torch", good=True, finding="not installed; only training needs it")
    torch = importlib.import_module("torch")
    cuda = torch.version.cuda
    if torch.cuda.is_available():
        return Check("torch", good=True, finding=f"{torch.__version__}, CUDA {cuda}, trains on the GPU")
    if not has_gpu:
        return Check("torch", good=True, finding=f"{torch.__version__}, trains on the processor")
    why = f"a build for CUDA {cuda}, which finds no GPU" if cuda else "a build without CUDA"
    advice = "Training would use the processor. Say `TORCH=cuda deploy/setup.sh dev`, with a driver that is new enough."
    return Check("torch", good=False, finding=f"{torch.__version__}, {why}", advice=advice)


def _cache(directory: Path) -> Check:
    """The folder of engines: nobody else may be able to write there, and this account must."""
    try:
        EngineCache(directory).require_safe()
    except (UnsafeCacheError, OSError) as error:
        advice = "Let SMEARFLOW_ENGINE_CACHE_DIR name a folder that belongs to the workers' account alone."
        return Check("engine cache", good=False, finding=str(error), advice=advice)
    if not os.access(directory, os.W_OK):
        advice = "Let this account write there, or name another folder as SMEARFLOW_ENGINE_CACHE_DIR."
        return Check("engine cache", good=False, finding=f"{directory} cannot be written", advice=advice)
    return Check("engine cache", good=True, finding=f"{directory} can be written by this account alone")


def _model(found: Settings, gpu: Gpu, improver: EngineImprover) -> Iterator[Check]:
    """The model in service, its engine, the engine's answers and its speed."""
    try:
        package, where = _package(found)
        processor = load_runtime(package, RuntimeName.ONNXRUNTIME)
        model = ServedModel.of(package, processor)
    except SmearflowError as error:
        advice = "`smearflow doctor` says more of database, store and package."
        yield Check("model", good=False, finding=str(error), advice=advice)
        return
    yield Check("model", good=True, finding=f"{model.name}, {package.digest[:12]}, {where}")
    cache = EngineCache(found.engine_cache_dir)
    try:
        key = EngineKey.of(package, gpu, Precision(found.engine_precision))
        known = cache.find(key)
        with closing(improver):
            runtime = improver.improve(model).runtime
    except SmearflowError as error:
        yield Check("engine", good=False, finding=str(error), advice=_GOES_ON)
        return
    record = known or cache.find(key)
    if record is None or record.parity is None:
        yield Check("engine", good=False, finding="it was removed while it was looked at", advice="Ask again.")
        return
    how = "found in the cache" if known else f"built and checked in {record.seconds:.0f} s"
    yield Check("engine", good=True, finding=f"{key.precision}, {how}, {key.name[:12]}")
    yield Check("parity", good=True, finding=record.parity.in_words)
    yield _throughput(runtime, processor, record.parity.batch_sizes, package.card.preprocess.size)


def _package(found: Settings) -> tuple[ModelPackage, str]:
    """The model in service everywhere, where the database names one, else the settings' own; and which that is.

    Raises:
        ModelPackageError: it is no whole package.
        TransientError: the blob store is away.
    """
    engine, check = open_database(found)
    if engine is None:
        return load_package(found.model_dir), f"of SMEARFLOW_MODEL_DIR, as no database was asked ({check.finding})"
    try:
        with snapshot(engine) as session:
            digest = active_digest(session, EVERYWHERE)
            version = session.get_one(ModelVersion, digest) if digest else None
    finally:
        engine.dispose()
    if version is None:
        return load_package(found.model_dir), "of SMEARFLOW_MODEL_DIR, as none is in service yet"
    return fetch_package(open_blob_store(found), version, found.model_cache_dir), "in service everywhere"


def _throughput(runtime: Runtime, processor: Runtime, batch_sizes: Sequence[int], size: int) -> Check:
    """Images a second in each batch size, beside one core of the processor."""
    rates = {count: images_a_second(runtime, some_pixels(count, size), calls=_CALLS) for count in batch_sizes}
    alone = images_a_second(processor, some_pixels(1, size), calls=_CALLS_OF_PROCESSOR)
    told = ", ".join(f"{rate:,.0f} images/s in batches of {count}" for count, rate in rates.items())
    if runtime.name != RuntimeName.TENSORRT:
        return Check("throughput", good=False, finding="the GPU failed while it was measured", advice=_GOES_ON)
    return Check(
        "throughput",
        good=max(rates.values()) > alone,
        finding=f"{told}; ONNX Runtime on one core {alone:,.0f} images/s",
        advice="The GPU is no faster than one core: see with `nvidia-smi` who else uses it, and its clock and power.",
    )
