"""From an ONNX file to a serialised TensorRT engine."""

from typing import Any

from cloud_service.ml.engines.bindings import Gpu, GpuMemoryError
from cloud_service.ml.engines.precision import INPUT
from shared.errors import PermanentError

BATCH_SIZES = (1, 8, 64)
"""Images in one run. Each has a profile of its own, tuned for exactly that shape; what lies between is filled up.

One image is what a quiet service sees, 8 is what a worker claims by default, and 64 is where a GPU is near its best."""

_WORKSPACE_BYTES = 2 * 1024**3


class EngineBuildError(PermanentError):
    """TensorRT cannot make an engine of a graph; the text gives its reasons."""


def build_plan(gpu: Gpu, onnx_file: bytes, size: int) -> bytes:
    """The engine of a graph for this very GPU, serialised; takes from seconds to minutes.

    Args:
        gpu: to build for, and on: TensorRT tries its kernels out.
        onnx_file: as `precision.graph_for` gives it.
        size: width and height of the images, pixels.

    Raises:
        EngineBuildError: TensorRT does not take the graph, or found no way to run it.
        GpuMemoryError: the GPU's memory is used up.
    """
    library = gpu.tensorrt
    logger = library.Logger(library.Logger.ERROR)
    builder = library.Builder(logger)
    network = builder.create_network()
    parser = library.OnnxParser(network, logger)
    if not parser.parse(onnx_file):
        reasons = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise EngineBuildError(f"TensorRT {library.__version__} cannot read the model's graph: {reasons}.")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(library.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    for count in BATCH_SIZES:
        profile, shape = builder.create_optimization_profile(), (count, size, size, 3)
        profile.set_shape(INPUT, min=shape, opt=shape, max=shape)
        if config.add_optimization_profile(profile) < 0:
            raise EngineBuildError(f"TensorRT {library.__version__} refuses batches of {count} for the model's graph.")
    plan: Any | None = builder.build_serialized_network(network, config)
    if plan is None:
        _require_memory(gpu)
        raise EngineBuildError(
            f"TensorRT {library.__version__} found no way to run the model's graph on this GPU; its reasons stand on "
            "standard error."
        )
    return bytes(plan)


def _require_memory(gpu: Gpu) -> None:
    """A build that failed for want of memory may succeed later, and must not be remembered as impossible.

    TensorRT does not say which it was; so ask for what it may have wanted.

    Raises:
        GpuMemoryError: that much is not free.
    """
    try:
        gpu.cuda.free(gpu.cuda.allocate(_WORKSPACE_BYTES))
    except GpuMemoryError as error:
        raise GpuMemoryError(f"TensorRT had not the memory to build an engine. {error}") from error
