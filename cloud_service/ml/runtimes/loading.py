"""Choosing a runtime."""

from enum import StrEnum

from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Runtime


class RuntimeName(StrEnum):
    """The runtimes that can be asked for."""

    AUTO = "auto"  # the fastest that this installation has
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


def load_runtime(package: ModelPackage, name: str = RuntimeName.AUTO, threads: int = 1) -> Runtime:
    """A runtime with the package's model in it, ready to predict.

    Only the chosen runtime's library is imported, so that a serving process never loads torch.

    Args:
        package: the verified model package.
        name: a RuntimeName.
        threads: threads of one call of `predict`, at least 1.

    Raises:
        ModelPackageError: the package's files are not those that its card names.
        ValueError: the name is not known.
        ImportError: the runtime's library is not installed.
    """
    match RuntimeName(name):
        case RuntimeName.AUTO | RuntimeName.ONNXRUNTIME:
            from cloud_service.ml.runtimes.onnxruntime_runtime import OnnxRuntime  # noqa: PLC0415 - only if chosen

            return OnnxRuntime(package, threads)
        case RuntimeName.TORCH:
            from cloud_service.ml.runtimes.torch_runtime import TorchRuntime  # noqa: PLC0415 - only if chosen

            return TorchRuntime(package, threads)
