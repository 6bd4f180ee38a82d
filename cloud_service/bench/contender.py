"""One way of answering images, in a process of its own: `python -m cloud_service.bench.contender NAME THREADS MODEL`.

It answers each question, {"batch": B, "images": N} or {"batch": B, "files": […], "draft": edge or null}, with the
seconds and the seconds of CPU time that this took; {"judge": true} with what it says of the sample images.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cloud_service.allocator import keep_freed_memory
from cloud_service.bench.servant import Json, serve
from cloud_service.config import settings
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.runtimes.loading import RuntimeName, load_runtime
from cloud_service.ml.runtimes.speed import some_pixels
from shared.imaging.preprocess import normalise, preprocess

EAGER = "torch eager, NCHW"
EAGER_TUNED = "torch eager, NCHW, allocator set"
CHANNELS_LAST = "torch eager, channels_last, allocator set"
RAW_GRAPH = "ONNX Runtime, graph as exported by torch"
RUNTIME = "runtime "
"""Stands before the name of one of ours."""

Answer = Callable[[Any], np.ndarray[Any, Any]]


def contenders() -> tuple[str, ...]:
    """All names, the naive baseline first."""
    ours = (f"{RUNTIME}{name}" for name in RuntimeName if name is not RuntimeName.AUTO)
    return (EAGER, EAGER_TUNED, CHANNELS_LAST, RAW_GRAPH, *ours)


class Contender:
    """A way of answering, with its model loaded.

    Eager torch and the raw graph are given images that are normalised already, which does them a favour; our runtimes
    take camera pixels.

    Args:
        name: one of `contenders()`.
        threads: of one call.
        package: the model.
    """

    def __init__(self, name: str, threads: int, package: ModelPackage) -> None:
        self._spec = package.card.preprocess
        self._limit = sys.maxsize
        self._normalised = not name.startswith(RUNTIME)
        if name in {EAGER_TUNED, CHANNELS_LAST}:
            keep_freed_memory()
        if name.startswith(RUNTIME):
            found = settings()
            engines = EnginePlace(found.engine_cache_dir, Precision(found.engine_precision))
            runtime = load_runtime(package, name.removeprefix(RUNTIME), threads, engines)
            self._limit = runtime.batch_limit
            self._predict: Answer = lambda batch: runtime.predict(batch).probabilities
        elif name == RAW_GRAPH:
            self._predict = _raw_graph(package, threads)
        else:
            self._predict = _eager(package, threads, channels_last=name == CHANNELS_LAST)

    def answer(self, question: Json) -> Json:
        """See the module."""
        if "judge" in question:
            from cloud_service.ml.export import sample_pixels  # noqa: PLC0415 - needs torch, which others do not load

            return {"probabilities": np.concatenate(list(self._answers(sample_pixels(self._spec.size), 1))).tolist()}
        files: list[str] = question.get("files", [])
        pixels = None if files else some_pixels(question["images"], self._spec.size)
        prepared = None if pixels is None else self._prepared(pixels)
        begin, own = time.perf_counter(), time.process_time()
        if prepared is None:
            self._answer_files([Path(name) for name in files], question["batch"], question["draft"])
        else:
            for first in range(0, len(prepared), question["batch"]):
                self._predict_batch(prepared[first : first + question["batch"]])
        return {"seconds": time.perf_counter() - begin, "cpu_seconds": time.process_time() - own}

    def _answer_files(self, files: list[Path], batch: int, draft: int | None) -> None:
        spec = self._spec.model_copy(update={"draft_edge": draft})
        for first in range(0, len(files), batch):
            pixels = np.stack([preprocess(path.read_bytes(), spec) for path in files[first : first + batch]])
            self._predict_batch(self._prepared(pixels))

    def _answers(self, pixels: Pixels, batch: int) -> Iterator[Any]:
        for first in range(0, len(pixels), batch):
            yield self._predict(self._prepared(pixels[first : first + batch]))

    def _prepared(self, pixels: Pixels) -> Any:
        return normalise(pixels, self._spec) if self._normalised else pixels

    def _predict_batch(self, batch: Any) -> None:
        for first in range(0, len(batch), self._limit):
            self._predict(batch[first : first + self._limit])


def _eager(package: ModelPackage, threads: int, *, channels_last: bool) -> Answer:
    import torch  # noqa: PLC0415 - only where it is measured

    from cloud_service.ml.weights import network_of  # noqa: PLC0415

    torch.set_num_threads(threads)
    network = network_of(package).eval()
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network.to(memory_format=layout)  # type: ignore[call-overload] # torch's own types lack this form

    def predict(images: Any) -> Any:
        with torch.inference_mode():
            batch = torch.from_numpy(images).contiguous(memory_format=layout)
            return torch.sigmoid(network(batch) / package.card.temperature).numpy()

    return predict


def _raw_graph(package: ModelPackage, threads: int) -> Answer:
    """What `torch.onnx.export` makes of the network as it was trained: nothing folded, float images in."""
    import onnxruntime  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from cloud_service.ml.weights import network_of  # noqa: PLC0415

    size = package.card.preprocess.size
    program = torch.onnx.export(
        network_of(package).eval(),
        (torch.zeros((2, 3, size, size)),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
        verbose=False,
        dynamo=True,
    )
    if program is None:
        raise RuntimeError("torch exported nothing")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Else its threads stay awake for a while after a call and take a core from whose turn is next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    temperature = package.card.temperature

    def predict(images: Any) -> Any:
        (logits,) = session.run(None, {name: images})
        return 0.5 * (1.0 + np.tanh(0.5 / temperature * logits))

    return predict


def main(name: str, threads: int, model: Path) -> None:
    """Load, then answer until the input ends."""
    serve(Contender(name, threads, load_package(model)).answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
