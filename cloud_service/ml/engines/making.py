"""An engine for a package: found in the cache, or built, checked and remembered there, by one process at a time."""

import time
from collections.abc import Callable

from cloud_service.ml.engines.bindings import Gpu
from cloud_service.ml.engines.building import EngineBuildError, build_plan
from cloud_service.ml.engines.cache import EngineCache, EngineRecord
from cloud_service.ml.engines.execution import Engine
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.parity import ParityReport, calibration_pixels, compare
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import BrokenModelError, Pixels
from cloud_service.ml.runtimes.onnxruntime_runtime import OnnxRuntime
from cloud_service.ml.runtimes.tensorrt_runtime import TensorRtRuntime
from shared.identifiers import sha256_of_bytes
from shared.logs import get_logger

log = get_logger(__name__)


def make_engine(
    package: ModelPackage,
    gpu: Gpu,
    cache: EngineCache,
    precision: Precision,
    pixels: Callable[[], Pixels] | None = None,
) -> EngineRecord:
    """What became of a package's engine, now or earlier.

    What cannot be built, or answers otherwise than ONNX Runtime, is remembered and not tried again. Want of memory
    and a GPU that fails are not remembered, as they may pass.

    Args:
        package: the verified model package.
        gpu: to build for.
        cache: where engines are kept.
        precision: what to calculate in.
        pixels: (N, size, size, 3) uint8 to compare answers on; by default `calibration_pixels`.

    Raises:
        ModelPackageError: the package has no file for this precision.
        GpuError: the GPU failed, or its memory is used up.
        UnsafeCacheError: others can write into the cache.
        OSError: the disk is full.
    """
    key = EngineKey.of(package, gpu, precision)
    with cache.lock(key):
        known = cache.read(key)
        if known is not None:
            return known
        log.info("building an engine", **key.model_dump(exclude={"recipe"}))
        record, plan = _built(package, gpu, key, pixels or (lambda: calibration_pixels(package.card.preprocess)))
        cache.write(record, plan)
    if record.fault:
        log.error("an engine is not used", engine=key.name, reason=record.fault)
    else:
        log.info("an engine was built and passed", engine=key.name, seconds=round(record.seconds, 1))
    return record


def _built(
    package: ModelPackage, gpu: Gpu, key: EngineKey, pixels: Callable[[], Pixels]
) -> tuple[EngineRecord, bytes | None]:
    from cloud_service.ml.engines.graphs import graph_for  # noqa: PLC0415 - needs onnx, which only building does

    start = time.monotonic()

    def outcome(fault: str | None, parity: ParityReport | None, plan: bytes | None) -> EngineRecord:
        digest = sha256_of_bytes(plan) if plan is not None else None
        took = time.monotonic() - start
        return EngineRecord(key=key, engine_sha256=digest, parity=parity, fault=fault, seconds=took)

    try:
        plan = build_plan(gpu, graph_for(package, key.precision), package.card.preprocess.size)
        report = _check(package, gpu, key.precision, plan, pixels())
    except (EngineBuildError, BrokenModelError) as error:
        return outcome(str(error), None, None), None
    if not report.is_passed:
        return outcome(f"It does not answer as ONNX Runtime does: {report.in_words}.", report, None), None
    return outcome(None, report, plan), plan


def _check(package: ModelPackage, gpu: Gpu, precision: Precision, plan: bytes, pixels: Pixels) -> ParityReport:
    reference = OnnxRuntime(package, threads=1)
    engine = Engine(gpu, plan, package.card.preprocess.size)
    runtime = TensorRtRuntime(package, engine, fall_back=None)
    try:
        return compare(
            runtime.predict,
            reference.predict,
            pixels,
            card=package.card,
            precision=precision,
            batch_sizes=engine.batch_sizes,
        )
    finally:
        engine.close()
