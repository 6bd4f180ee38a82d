"""What is used of NVIDIA's libraries, and no more, as types: TensorRT 11's Python bindings ship none.

Names, arguments and return values are those of `tensorrt` 11.4 (NVIDIA, "TensorRT Python API", 11.4). TensorRT 11
knows strongly typed networks only: a tensor has the type that the ONNX file gives it, and no builder flag changes that.
What fails returns None or False there, and the reason goes to the logger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shared.errors import PermanentError, TransientError

Shape = tuple[int, ...]


class NoGpuError(PermanentError):
    """There is no GPU that TensorRT could use here; the text says what is missing."""


class GpuError(TransientError):
    """The GPU or its driver failed at something; the text names it."""


class GpuMemoryError(GpuError):
    """The GPU's memory does not hold what was asked of it."""


class Network(Protocol):
    """`tensorrt.INetworkDefinition`; only handed on."""


class Profile(Protocol):
    """`tensorrt.IOptimizationProfile`."""

    # Their names are TensorRT's.
    def set_shape(self, input: str, min: Shape, opt: Shape, max: Shape) -> None:  # noqa: A002
        """Between which shapes an input may lie, and for which the engine is tuned."""


class BuilderConfig(Protocol):
    """`tensorrt.IBuilderConfig`."""

    def add_optimization_profile(self, profile: Profile) -> int:
        """The profile's index; -1: it was refused."""

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        """Bytes that the builder may use at most."""


class Builder(Protocol):
    """`tensorrt.Builder`."""

    def create_network(self, flags: int = 0) -> Network:
        """An empty network, strongly typed."""

    def create_builder_config(self) -> BuilderConfig:
        """How an engine is to be built."""

    def create_optimization_profile(self) -> Profile:
        """Shapes for which one is to be tuned."""

    def build_serialized_network(self, network: Network, config: BuilderConfig) -> Any | None:
        """The engine as a buffer of bytes; None: it could not be built."""


class Parser(Protocol):
    """`tensorrt.OnnxParser`."""

    @property
    def num_errors(self) -> int:
        """How many errors `parse` met."""

    def parse(self, model: bytes) -> bool:
        """Read an ONNX file into the parser's network."""

    def get_error(self, index: int) -> object:
        """One of the errors, fit for `str`."""


class Context(Protocol):
    """`tensorrt.IExecutionContext`: one run of an engine at a time."""

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        """Choose the profile."""

    def set_input_shape(self, name: str, shape: Shape) -> bool:
        """Give an input's shape, which settles those of the outputs."""

    def get_tensor_shape(self, name: str) -> Sequence[int]:
        """The shape of an input or output, once the inputs have theirs."""

    def set_tensor_address(self, name: str, memory: int) -> bool:
        """Where on the GPU an input or output lies."""

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Enqueue one run."""


class CudaEngine(Protocol):
    """`tensorrt.ICudaEngine`."""

    @property
    def num_io_tensors(self) -> int:
        """How many inputs and outputs there are."""

    def get_tensor_name(self, index: int) -> str:
        """The name of one of them."""

    def create_execution_context(self) -> Context | None:
        """A context with memory of its own; None: there was not enough."""


class EngineRuntime(Protocol):
    """`tensorrt.Runtime`."""

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> CudaEngine | None:
        """The engine; None: it was made by another version or for another GPU, or memory is short."""


class TensorRt(Protocol):
    """The module `tensorrt`."""

    __version__: str
    Logger: Any
    MemoryPoolType: Any

    def Builder(self, logger: Any) -> Builder:  # noqa: N802 - its name there
        """Makes engines."""

    def OnnxParser(self, network: Network, logger: Any) -> Parser:  # noqa: N802
        """Reads ONNX files."""

    def Runtime(self, logger: Any) -> EngineRuntime:  # noqa: N802
        """Reads engines."""


@dataclass(frozen=True, slots=True)
class GpuDescription:
    """Which GPU and driver an engine is made for."""

    name: str
    compute_capability: str  # as "9.0"
    driver: str


class Cuda(Protocol):
    """CUDA's runtime, as far as it is needed: one device. Every method may raise GpuError or GpuMemoryError."""

    def describe(self) -> GpuDescription:
        """The device."""

    def allocate(self, nbytes: int) -> int:
        """Memory on the GPU; its address."""

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""

    def pinned(self, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        """An array that never leaves main memory, so that it is copied without a stop on the way; freed with it."""

    def stream(self) -> int:
        """A queue of work; its handle. There is one for each engine, for as long as the process lives."""

    def copy_to_gpu(self, address: int, source: NDArray[Any], stream: int) -> None:
        """Enqueue a copy."""

    def copy_from_gpu(self, target: NDArray[Any], address: int, stream: int) -> None:
        """Enqueue a copy."""

    def record(self, work: Callable[[], None], stream: int) -> Callable[[], None]:
        """Take down what `work` enqueues as a CUDA graph, without doing it; what is returned enqueues it as a whole."""

    def synchronise(self, stream: int) -> None:
        """Wait until all that was enqueued is done."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU and the libraries to use it by. Made by `opening.open_gpu`."""

    tensorrt: TensorRt
    cuda: Cuda


Images = NDArray[np.uint8]
Outputs = dict[str, NDArray[np.float32]]
