"""Runs an engine: one lane for each batch size, with its own context, pinned arrays and CUDA graph.

A lane's shapes and addresses never change, so that copying in, running and copying out are recorded once and then
started by a single call.
"""

import math
import weakref
from collections.abc import Callable, Collection
from contextlib import suppress

import numpy as np

from cloud_service.ml.engines.bindings import Cuda, CudaEngine, Gpu, GpuError, GpuMemoryError, Images, Outputs
from cloud_service.ml.engines.building import BATCH_SIZES
from cloud_service.ml.engines.precision import INPUT
from shared.logs import get_logger

log = get_logger(__name__)


class Engine:
    """A deserialised engine with as many of its lanes as the GPU's memory holds. For one thread at a time.

    Args:
        gpu: for which the plan was built.
        plan: what `building.build_plan` gave, from a place that can be trusted: an engine is a program.
        size: width and height of the images, pixels.
        batch_sizes: those to make lanes for, of BATCH_SIZES.

    Raises:
        GpuError: the plan is none of this GPU's.
        GpuMemoryError: not even the lane for one image fits into memory.
    """

    def __init__(self, gpu: Gpu, plan: bytes, size: int, batch_sizes: Collection[int] = BATCH_SIZES) -> None:
        library = gpu.tensorrt
        self._runtime = library.Runtime(library.Logger(library.Logger.ERROR))  # must outlive its engine
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise GpuError(
                f"TensorRT {library.__version__} does not read the engine that was made here. Build it anew."
            )
        self._lanes: dict[int, Lane] = {}
        for profile, count in enumerate(BATCH_SIZES):
            if count not in batch_sizes:
                continue
            try:
                self._lanes[count] = Lane(gpu, engine, profile, (count, size, size, 3))
            except GpuMemoryError as error:
                if not self._lanes:
                    raise
                log.warning("the GPU has no memory for larger batches", most=max(self._lanes), reason=str(error))
                break

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The sizes that are there, ascending; none of the engine's left: ()."""
        return tuple(sorted(self._lanes))

    def run(self, images: Images) -> Outputs:
        """The outputs for images (N, size, size, 3) uint8, N of any length from 1 on: arrays (N, ...) by name.

        Where memory runs out the batch goes on in smaller ones, and all later ones do.

        Raises:
            GpuMemoryError: there is none for a single image.
            GpuError: the GPU failed; this engine is of no more use.
        """
        found: list[Outputs] = []
        done = 0
        while done < len(images):
            lane = self._lane_for(len(images) - done)
            part = images[done : done + lane.count]
            try:
                found.append(lane.run(part))
            except GpuMemoryError as error:
                self._give_up(lane, error)
            else:
                done += len(part)
        return {name: np.concatenate([outputs[name] for outputs in found]) for name in found[0]}

    def close(self) -> None:
        """Give the GPU's memory back; of no use after that."""
        while self._lanes:
            self._lanes.popitem()[1].close()

    def _lane_for(self, wanted: int) -> "Lane":
        """The smallest lane that holds them all, else the largest."""
        fitting = [count for count in self.batch_sizes if count >= wanted]
        return self._lanes[fitting[0] if fitting else self.batch_sizes[-1]]

    def _give_up(self, lane: "Lane", error: GpuMemoryError) -> None:
        """Let go of a lane and all larger ones.

        Raises:
            GpuMemoryError: there is no smaller one.
        """
        for count in [count for count in self._lanes if count >= lane.count]:
            self._lanes.pop(count).close()
        if not self._lanes:
            raise error
        log.warning("the GPU's memory ran out; batches are smaller now", most=max(self._lanes), reason=str(error))


class Lane:
    """Runs batches of up to a certain length; shorter ones are filled up.

    Raises:
        GpuMemoryError: the GPU has no room for it; nothing is left there of it then.
    """

    def __init__(self, gpu: Gpu, engine: CudaEngine, profile: int, shape: tuple[int, int, int, int]) -> None:
        self.count = shape[0]
        self._cuda = gpu.cuda
        self._addresses: list[int] = []
        weakref.finalize(self, _free_all, gpu.cuda, self._addresses)  # whoever forgets `close`
        self._stream = gpu.cuda.stream()
        self._images = gpu.cuda.pinned(shape, np.uint8)
        self._images[...] = 0
        self._outputs: Outputs = {}
        try:
            self._launch = self._record(engine, profile, shape)
        except GpuError:
            self.close()
            raise

    def run(self, images: Images) -> Outputs:
        """The outputs for up to `count` images."""
        self._images[: len(images)] = images
        self._launch()
        self._cuda.synchronise(self._stream)
        return {name: values[: len(images)].copy() for name, values in self._outputs.items()}

    def close(self) -> None:
        """Give the GPU's memory back."""
        _free_all(self._cuda, self._addresses)

    def _record(self, engine: CudaEngine, profile: int, shape: tuple[int, int, int, int]) -> Callable[[], None]:
        context = engine.create_execution_context()
        if context is None:
            raise GpuMemoryError(f"The GPU has no memory to run batches of {self.count} images.")
        self._context = context  # must outlive its graph
        _require(context.set_optimization_profile_async(profile, self._stream), "choose a profile")
        self._cuda.synchronise(self._stream)
        _require(context.set_input_shape(INPUT, shape), "take the images' shape")
        addresses = {}
        for name in (engine.get_tensor_name(i) for i in range(engine.num_io_tensors)):
            if name != INPUT:
                self._outputs[name] = self._cuda.pinned(tuple(context.get_tensor_shape(name)), np.float32)
            nbytes = math.prod(shape) if name == INPUT else self._outputs[name].nbytes
            self._addresses.append(self._cuda.allocate(nbytes))
            addresses[name] = self._addresses[-1]
            _require(context.set_tensor_address(name, addresses[name]), f"place {name}")

        def work() -> None:
            self._cuda.copy_to_gpu(addresses[INPUT], self._images, self._stream)
            _require(context.execute_async_v3(self._stream), "run")
            for name, values in self._outputs.items():
                self._cuda.copy_from_gpu(values, addresses[name], self._stream)

        work()  # once for itself: what TensorRT does at a first run cannot be recorded
        self._cuda.synchronise(self._stream)
        return self._cuda.record(work, self._stream)


def _free_all(cuda: Cuda, addresses: list[int]) -> None:
    """Empty a list of addresses; after a fault a GPU takes nothing back, and nothing can be done about it."""
    while addresses:
        with suppress(GpuError):
            cuda.free(addresses.pop())


def _require(worked: bool, what: str) -> None:  # noqa: FBT001 - as TensorRT answers
    if not worked:
        raise GpuError(f"TensorRT could not {what}; its reasons stand on standard error.")
