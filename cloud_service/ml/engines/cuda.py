"""CUDA's runtime by NVIDIA's own bindings (`cuda.bindings.runtime` 13): each call returns an error code first."""

import ctypes
import math
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cuda.bindings import runtime
from numpy.typing import DTypeLike, NDArray

from cloud_service.ml.engines.bindings import GpuDescription, GpuError, GpuMemoryError, NoGpuError, Shape

_DRIVER_VERSION = Path("/sys/module/nvidia/version")


class CudaDevice:
    """The process's first GPU; `CUDA_VISIBLE_DEVICES` chooses another.

    Raises:
        NoGpuError: there is no driver, or it shows no GPU.
    """

    def __init__(self) -> None:
        error, count = runtime.cudaGetDeviceCount()
        if error != runtime.cudaError_t.cudaSuccess or not count:
            raise NoGpuError(
                f"CUDA finds no GPU ({error.name}). Where there is one, install NVIDIA's driver, and in a container "
                "hand the GPU over."
            )

    def describe(self) -> GpuDescription:
        """See `Cuda`."""
        found = _called(runtime.cudaGetDeviceProperties(0))
        api = _called(runtime.cudaDriverGetVersion())
        # The second number alone does not tell two builds of one driver apart; some systems have the second alone.
        build = _DRIVER_VERSION.read_text(encoding="ascii").strip() if _DRIVER_VERSION.exists() else "unknown build"
        return GpuDescription(found.name.decode(), f"{found.major}.{found.minor}", f"{build}, CUDA {api}")

    def allocate(self, nbytes: int) -> int:
        """See `Cuda`."""
        return int(_called(runtime.cudaMalloc(nbytes)))

    def free(self, address: int) -> None:
        """See `Cuda`."""
        _called(runtime.cudaFree(address))

    def pinned(self, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        """See `Cuda`."""
        kind = np.dtype(dtype)
        nbytes = max(math.prod(shape) * kind.itemsize, 1)
        address = int(_called(runtime.cudaMallocHost(nbytes)))
        memory = (ctypes.c_byte * nbytes).from_address(address)
        weakref.finalize(memory, runtime.cudaFreeHost, address)  # arrays hold `memory`, so it goes with the last
        return np.frombuffer(memoryview(memory), kind, math.prod(shape)).reshape(shape)

    def stream(self) -> int:
        """See `Cuda`."""
        return int(_called(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking)))

    def copy_to_gpu(self, address: int, source: NDArray[Any], stream: int) -> None:
        """See `Cuda`."""
        to_gpu = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        _called(runtime.cudaMemcpyAsync(address, source.ctypes.data, source.nbytes, to_gpu, stream))

    def copy_from_gpu(self, target: NDArray[Any], address: int, stream: int) -> None:
        """See `Cuda`."""
        from_gpu = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _called(runtime.cudaMemcpyAsync(target.ctypes.data, address, target.nbytes, from_gpu, stream))

    def record(self, work: Callable[[], None], stream: int) -> Callable[[], None]:
        """See `Cuda`."""
        # Of this thread alone: another may allocate meanwhile.
        _called(runtime.cudaStreamBeginCapture(stream, runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal))
        try:
            work()
        except GpuError:
            runtime.cudaStreamEndCapture(stream)  # leaves the stream usable; its own error says nothing more
            raise
        graph = _called(runtime.cudaStreamEndCapture(stream))
        ready = _called(runtime.cudaGraphInstantiate(graph, 0))
        _called(runtime.cudaGraphDestroy(graph))

        def launch() -> None:
            _called(runtime.cudaGraphLaunch(ready, stream))

        weakref.finalize(launch, runtime.cudaGraphExecDestroy, ready)
        return launch

    def synchronise(self, stream: int) -> None:
        """See `Cuda`."""
        _called(runtime.cudaStreamSynchronize(stream))


def _called(answer: tuple[Any, ...]) -> Any:
    """What a call gave beside its error code.

    Raises:
        GpuMemoryError, GpuError: the code says so.
    """
    code, *found = answer
    if code == runtime.cudaError_t.cudaErrorMemoryAllocation:
        runtime.cudaGetLastError()  # else the next call, which may be another one's, reports it once more
        raise GpuMemoryError("The GPU's memory is used up. Let fewer processes use it, or take one with more memory.")
    if code != runtime.cudaError_t.cudaSuccess:
        _, text = runtime.cudaGetErrorString(code)
        raise GpuError(f"The GPU failed: {code.name}, {text.decode()}. Look at `nvidia-smi` and the system's log.")
    return found[0] if found else None
