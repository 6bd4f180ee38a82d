"""A GPU and a TensorRT that are none, behind the same types: engines run by ONNX Runtime, in memory of this process.

They keep the rules that the real ones have: a run needs a profile, a shape within it and addresses that were allocated;
what is recorded runs only when it is started; an engine is read by the version and GPU that made it, or not at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from cloud_service.ml.engines.bindings import Gpu, Shape, TensorRt
from cloud_service.ml.engines.parity import calibration_pixels
from cloud_service.ml.package import ModelPackage
from tests.support.fake_cuda import STREAM, FakeCuda


class FakeTensorRt:
    """The module. `spoil` is added to the logits of what it builds; `refusals` are what its parser finds wrong."""

    MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")

    def __init__(self, cuda: FakeCuda, version: str = "11.4.0.106") -> None:
        self.__version__ = version
        self.cuda = cuda
        self.builds = 0
        self.spoil = 0.0
        self.refusals: list[str] = []
        self.on_build: Callable[[], None] = lambda: None
        self.Logger = _Logger

    @property
    def stamp(self) -> bytes:
        device = self.cuda.description
        return f"{self.__version__}|{device.name}|{device.driver}\n".encode()

    def Builder(self, logger: "_Logger") -> "FakeBuilder":  # noqa: N802
        assert logger.severity == "error"
        return FakeBuilder(self)

    def OnnxParser(self, network: "FakeNetwork", logger: "_Logger") -> "FakeParser":  # noqa: N802
        assert logger.severity == "error"
        return FakeParser(self, network)

    def Runtime(self, logger: "_Logger") -> "FakeRuntimeLibrary":  # noqa: N802
        assert logger.severity == "error"
        return FakeRuntimeLibrary(self)


class _Logger:
    ERROR = "error"

    def __init__(self, severity: str) -> None:
        self.severity = severity


@dataclass
class FakeNetwork:
    model: onnx.ModelProto | None = None


class FakeProfile:
    shapes: tuple[Shape, Shape, Shape]

    def set_shape(self, input: str, min: Shape, opt: Shape, max: Shape) -> None:  # noqa: A002
        assert input == "pixels"
        self.shapes = (min, opt, max)


class FakeConfig:
    def __init__(self) -> None:
        self.profiles: list[FakeProfile] = []

    def add_optimization_profile(self, profile: FakeProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def set_memory_pool_limit(self, pool: object, pool_size: int) -> None:
        assert pool == "workspace"
        assert pool_size > 0


@dataclass
class FakeBuilder:
    library: FakeTensorRt

    def create_network(self, flags: int = 0) -> FakeNetwork:
        assert flags == 0, "TensorRT 11 has no flags that were set before"
        return FakeNetwork()

    def create_builder_config(self) -> FakeConfig:
        return FakeConfig()

    def create_optimization_profile(self) -> FakeProfile:
        return FakeProfile()

    def build_serialized_network(self, network: FakeNetwork, config: FakeConfig) -> bytearray | None:
        self.library.builds += 1
        self.library.on_build()
        assert network.model is not None
        if self.library.spoil:
            _spoil(network.model, self.library.spoil)
        lengths = ",".join(str(profile.shapes[2][0]) for profile in config.profiles)
        return bytearray(self.library.stamp + lengths.encode() + b"\n" + network.model.SerializeToString())


@dataclass
class FakeParser:
    library: FakeTensorRt
    network: FakeNetwork

    @property
    def num_errors(self) -> int:
        return len(self.library.refusals)

    def get_error(self, index: int) -> str:
        return self.library.refusals[index]

    def parse(self, model: bytes) -> bool:
        self.network.model = onnx.load_from_string(model)
        onnx.checker.check_model(self.network.model, full_check=True)
        require_what_tensorrt_takes(self.network.model.graph)
        return not self.library.refusals


@dataclass
class FakeRuntimeLibrary:
    library: FakeTensorRt

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> "FakeEngine | None":
        stamp = self.library.stamp
        if not serialized_engine.startswith(stamp):
            return None
        lengths, graph = serialized_engine.removeprefix(stamp).split(b"\n", 1)
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        return FakeEngine(self.library.cuda, session, [int(length) for length in lengths.split(b",")])


@dataclass
class FakeEngine:
    cuda: FakeCuda
    session: onnxruntime.InferenceSession
    lengths: list[int]

    @property
    def names(self) -> list[str]:
        return ["pixels", *(output.name for output in self.session.get_outputs())]

    @property
    def num_io_tensors(self) -> int:
        return len(self.names)

    def get_tensor_name(self, index: int) -> str:
        return self.names[index]

    def create_execution_context(self) -> "FakeContext | None":
        return FakeContext(self)


class FakeContext:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._length = 0
        self._shapes: dict[str, Shape] = {}
        self._addresses: dict[str, int] = {}

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        self._length = self._engine.lengths[profile_index]
        return stream_handle == STREAM

    def set_input_shape(self, name: str, shape: Shape) -> bool:
        if name != "pixels" or shape[0] != self._length:
            return False
        found = self._engine.session.run(None, {"pixels": np.zeros((1, *shape[1:]), dtype=np.uint8)})
        self._shapes = {name: shape}
        for output, values in zip(self._engine.names[1:], found, strict=True):
            self._shapes[output] = (shape[0], *values.shape[1:])
        return True

    def get_tensor_shape(self, name: str) -> Sequence[int]:
        return self._shapes[name]

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return memory in self._engine.cuda.blocks

    def execute_async_v3(self, stream_handle: int) -> bool:
        if set(self._addresses) != set(self._engine.names) or stream_handle != STREAM:
            return False
        self._engine.cuda.enqueue(self._run)
        return True

    def _run(self) -> None:
        blocks, shape = self._engine.cuda.blocks, self._shapes["pixels"]
        pixels = blocks[self._addresses["pixels"]].reshape(shape)
        known = {image.tobytes(): image for image in pixels}  # what fills a batch up need not be worked out again
        answers = {name: self._engine.session.run(None, {"pixels": image[None]}) for name, image in known.items()}
        found = [answers[image.tobytes()] for image in pixels]
        for number, name in enumerate(self._engine.names[1:]):
            values = np.concatenate([outputs[number] for outputs in found]).astype(np.float32)
            blocks[self._addresses[name]][:] = values.reshape(-1).view(np.uint8)


def fake_gpu(**settings: Any) -> Gpu:
    """A GPU whose `cuda` is a FakeCuda with these settings, and whose `tensorrt` is a FakeTensorRt."""
    cuda = FakeCuda(**settings)
    return Gpu(cast("TensorRt", FakeTensorRt(cuda)), cuda)


def noise(count: int) -> NDArray[np.uint8]:
    """Images to ask about, (count, 224, 224, 3) uint8."""
    return np.random.default_rng(3).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)


def few_cells(package: ModelPackage) -> NDArray[np.uint8]:
    """Two drawn cells, of which a trained model is not quite sure: (2, size, size, 3) uint8."""
    return calibration_pixels(package.card.preprocess, crops=2, fields=0)


def fakes_of(gpu: Gpu) -> tuple[FakeTensorRt, FakeCuda]:
    """The two, by their own types."""
    library, cuda = gpu.tensorrt, gpu.cuda
    assert isinstance(cuda, FakeCuda)
    return cast("FakeTensorRt", library), cuda


def require_what_tensorrt_takes(graph: onnx.GraphProto) -> None:
    """What TensorRT's documentation demands of a graph: bytes are cast at once, and zero points are 0."""
    readers = [node.op_type for node in graph.node if graph.input[0].name in node.input]
    assert readers == ["Cast"], f"TensorRT can only cast bytes, but {readers} read them"
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in {"QuantizeLinear", "DequantizeLinear"}:
            zero_point = values[node.input[2]]
            assert zero_point.dtype == np.int8
            assert not zero_point.any()


def _spoil(model: onnx.ModelProto, amount: float) -> None:
    """Let the graph add an amount to its logits."""
    graph = model.graph
    node = next(node for node in graph.node if "logits" in node.output)
    node.output[list(node.output).index("logits")] = "honest"
    graph.initializer.append(numpy_helper.from_array(np.array(amount, dtype=np.float32), "amount"))
    graph.node.append(onnx.helper.make_node("Add", ["honest", "amount"], ["logits"]))
