"""Finding the GPU and the libraries for it, or the reason why that cannot be."""

import importlib
from typing import cast

from cloud_service.ml.engines.bindings import Cuda, Gpu, NoGpuError, TensorRt

OLDEST = 11  # before it, networks were typed otherwise


def open_gpu() -> Gpu:
    """The GPU of this process.

    CUDA is asked first: without a driver TensorRT was seen to end the process.

    Raises:
        NoGpuError: a library, the driver or the GPU is missing, or TensorRT is too old; the text says which.
    """
    cuda = open_cuda()
    return Gpu(open_tensorrt(), cuda)


def open_cuda() -> Cuda:
    """CUDA's runtime on the GPU of this process.

    Raises:
        NoGpuError: its bindings, the driver or the GPU is missing; the text says which.
    """
    try:
        from cloud_service.ml.engines.cuda import CudaDevice  # noqa: PLC0415 - only where it is installed
    except ImportError as error:
        raise NoGpuError(
            f"NVIDIA's bindings for CUDA are not installed ({error}). Install Smearflow with its extra `gpu`."
        ) from error
    return CudaDevice()


def open_tensorrt() -> TensorRt:
    """TensorRT's library; only where `open_cuda` found a GPU.

    Raises:
        NoGpuError: it is missing or too old; the text says which.
    """
    try:
        library = importlib.import_module("tensorrt")
    except (ImportError, OSError) as error:  # OSError: the bindings are there, their libraries are not
        raise NoGpuError(
            f"TensorRT cannot be loaded ({error}). `pip install tensorrt` fetches it from NVIDIA's own package index."
        ) from error
    if int(library.__version__.split(".")[0]) < OLDEST:
        raise NoGpuError(f"TensorRT {library.__version__} is too old; install version {OLDEST} or newer.")
    return cast("TensorRt", library)
