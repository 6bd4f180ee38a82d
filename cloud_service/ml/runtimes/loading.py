"""Choosing a runtime."""

from enum import StrEnum

from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.model_card import ModelCard
from cloud_service.ml.package import ModelPackage, PackageFile
from cloud_service.ml.runtimes.contract import Runtime
from shared.errors import SmearflowError
from shared.logs import get_logger

log = get_logger(__name__)


class RuntimeName(StrEnum):
    """The runtimes that can be asked for."""

    AUTO = "auto"  # TensorRT where an engine passed its check, else the fastest that the package's card vouches for
    ONNXRUNTIME = "onnxruntime"
    ONNXRUNTIME_INT8 = "onnxruntime-int8"  # in eight bits
    OPENVINO = "openvino"
    OPENVINO_INT8 = "openvino-int8"  # in eight bits
    TENSORRT = "tensorrt"  # by an engine that was built and checked before
    TORCH = "torch"


def load_runtime(
    package: ModelPackage, name: str = RuntimeName.AUTO, threads: int = 1, engines: EnginePlace | None = None
) -> Runtime:
    """A runtime with the package's model in it, ready to predict.

    Only the chosen runtime's library is imported, so that a serving process never loads torch.

    Args:
        package: the verified model package.
        name: a RuntimeName.
        threads: threads of one call of `predict`, at least 1.
        engines: where TensorRT's engines are; None: AUTO looks for none.

    Raises:
        ModelPackageError: the package's files are not those that its card names.
        ValueError: the name is not known, or TensorRT is asked for without `engines`.
        ImportError: the runtime's library is not installed.
        NoGpuError, EngineRefusedError, GpuError, UnsafeCacheError: TensorRT was asked for and cannot be had.
    """
    match RuntimeName(name):
        case RuntimeName.ONNXRUNTIME | RuntimeName.ONNXRUNTIME_INT8 as chosen:
            from cloud_service.ml.runtimes.onnxruntime_runtime import OnnxRuntime  # noqa: PLC0415 - only if chosen

            return OnnxRuntime(package, threads, _file_for(chosen))
        case RuntimeName.OPENVINO | RuntimeName.OPENVINO_INT8 as chosen:
            from cloud_service.ml.runtimes.openvino_runtime import OpenVinoRuntime  # noqa: PLC0415 - only if chosen

            return OpenVinoRuntime(package, threads, _file_for(chosen))
        case RuntimeName.TORCH:
            from cloud_service.ml.runtimes.torch_runtime import TorchRuntime  # noqa: PLC0415 - only if chosen

            return TorchRuntime(package, threads)
        case RuntimeName.TENSORRT:
            if engines is None:
                raise ValueError("TensorRT needs to be told where its engines are")
            from cloud_service.ml.engines.using import find_engine  # noqa: PLC0415 - only if chosen

            return find_engine(package, engines, threads)
        case RuntimeName.AUTO:
            return _fastest(package, threads, engines)


def _file_for(name: RuntimeName) -> PackageFile:
    is_quantised = name in (RuntimeName.ONNXRUNTIME_INT8, RuntimeName.OPENVINO_INT8)
    return PackageFile.QUANTISED if is_quantised else PackageFile.ONNX


def _fastest(package: ModelPackage, threads: int, engines: EnginePlace | None) -> Runtime:
    name = fastest_for(package.card)
    why = "no engines were looked for"
    if engines is not None:
        try:
            found = load_runtime(package, RuntimeName.TENSORRT, threads, engines)
        except SmearflowError as error:
            why = f"TensorRT cannot be had: {error}"
        else:
            log.info(
                "a runtime was chosen", runtime=found.name, model=package.digest, why="its engine passed its check"
            )
            return found
    vouched = "the card vouches for eight bits" if name is RuntimeName.ONNXRUNTIME_INT8 else "float32 always holds"
    log.info("a runtime was chosen", runtime=name.value, model=package.digest, why=f"{why}; {vouched}")
    return load_runtime(package, name, threads)


def fastest_for(card: ModelCard) -> RuntimeName:
    """What AUTO stands for on a processor: eight bits where the card shows that they cost nearly nothing."""
    is_fit = card.quantised is not None and card.quantised.is_fit
    return RuntimeName.ONNXRUNTIME_INT8 if is_fit else RuntimeName.ONNXRUNTIME
