"""CUDA's runtime without a GPU: its memory is this process's, and its one stream does at once what is enqueued."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cloud_service.ml.engines.bindings import GpuDescription, GpuError, GpuMemoryError, Shape

STREAM = 7
H100 = GpuDescription("NVIDIA H100 80GB HBM3", "9.0", "580.65.06, CUDA 13000")


@dataclass
class FakeCuda:
    """Memory is an array a block; `memory_bytes` is how much there is, `faults` what the next runs raise."""

    description: GpuDescription = H100
    memory_bytes: int = 16 * 1024**3
    blocks: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    recording: list[Callable[[], None]] | None = None
    launches: int = 0
    faults: list[GpuError] = field(default_factory=list)

    def describe(self) -> GpuDescription:
        return self.description

    def used(self) -> int:
        return sum(block.nbytes for block in self.blocks.values())

    def allocate(self, nbytes: int) -> int:
        if self.used() + nbytes > self.memory_bytes:
            raise GpuMemoryError("The fake GPU's memory is used up.")
        block = np.zeros(nbytes, dtype=np.uint8) if nbytes < 1 << 30 else np.empty(nbytes, dtype=np.uint8)
        self.blocks[block.ctypes.data] = block
        return block.ctypes.data

    def free(self, address: int) -> None:
        del self.blocks[address]

    def pinned(self, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        return np.empty(shape, dtype)

    def stream(self) -> int:
        return STREAM

    def enqueue(self, work: Callable[[], None]) -> None:
        if self.recording is None:
            work()
        else:
            self.recording.append(work)

    def copy_to_gpu(self, address: int, source: NDArray[Any], stream: int) -> None:
        assert stream == STREAM
        assert self.blocks[address].nbytes >= source.nbytes
        self.enqueue(lambda: _move(address, source.ctypes.data, source.nbytes))

    def copy_from_gpu(self, target: NDArray[Any], address: int, stream: int) -> None:
        assert stream == STREAM
        assert self.blocks[address].nbytes >= target.nbytes
        self.enqueue(lambda: _move(target.ctypes.data, address, target.nbytes))

    def record(self, work: Callable[[], None], stream: int) -> Callable[[], None]:
        assert stream == STREAM
        steps: list[Callable[[], None]] = []
        self.recording = steps
        work()
        self.recording = None

        def launch() -> None:
            if self.faults:
                raise self.faults.pop(0)
            self.launches += 1
            for step in steps:
                step()

        return launch

    def synchronise(self, stream: int) -> None:
        assert stream == STREAM
        assert self.recording is None, "CUDA refuses to wait for a stream that is recorded"


def _move(target: int, source: int, nbytes: int) -> None:
    ctypes.memmove(target, source, nbytes)
