"""Bare decoding and inference, a process a core with nothing around it: the most that a machine could do."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloud_service.bench.contender import RUNTIME
from cloud_service.bench.machine import cores
from cloud_service.bench.servant import Servant, ask_all
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import RuntimeName, fastest_for

CONTENDER_MODULE = "cloud_service.bench.contender"
BATCH = 8
"""Images that are decoded before they are answered, as many as a runtime on a CPU takes at once."""


def runtime_in_service(model: Path) -> RuntimeName:
    """What `auto` stands for with this package."""
    return fastest_for(load_package(model).card)


@contextmanager
def bare_workers(model: Path, runtime: str) -> Iterator[list[Servant]]:
    """A process a core that decodes and answers as a worker does, on one thread."""
    with ExitStack() as stack:
        command = (CONTENDER_MODULE, f"{RUNTIME}{runtime}", "1", str(model))
        yield [stack.enter_context(Servant(*command)) for _ in range(cores())]


def bare_rate(workers: list[Servant], paths: list[Path], *, draft: int | None) -> tuple[float, float]:
    """Images a second of decoding and inference, and seconds of CPU time an image.

    Args:
        workers: that share the images.
        paths: photographs.
        draft: shorter edge to which JPEG files are decoded at least; whole where None.
    """
    shares = [[str(path) for path in paths[number :: len(workers)]] for number in range(len(workers))]
    begin = time.perf_counter()
    answers = ask_all(workers, [{"batch": BATCH, "files": share, "draft": draft} for share in shares])
    seconds = time.perf_counter() - begin
    return len(paths) / seconds, sum(float(answer["cpu_seconds"]) for answer in answers) / len(paths)


def bare_inference_rate(workers: list[Servant], images: int) -> float:
    """Images a second of inference alone, `images` by each of the workers."""
    begin = time.perf_counter()
    ask_all(workers, [{"batch": BATCH, "images": images}] * len(workers))
    return len(workers) * images / (time.perf_counter() - begin)
