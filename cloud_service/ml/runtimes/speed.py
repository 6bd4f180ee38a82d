"""How fast a runtime answers, for a quick look; `smearflow bench inference` compares."""

import statistics
import time

import numpy as np

from cloud_service.ml.runtimes.contract import Pixels, Runtime


def some_pixels(count: int, size: int = 224) -> Pixels:
    """Images (count, size, size, 3); what is on them does not decide how long an answer takes."""
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def images_a_second(runtime: Runtime, batch: Pixels, *, calls: int) -> float:
    """The median rate of several calls with the same batch, after one that does not count.

    Args:
        runtime: to measure.
        batch: (N, size, size, 3) uint8, 1 ≤ N ≤ runtime.batch_limit.
        calls: that count, at least 1.
    """
    runtime.predict(batch)
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        runtime.predict(batch)
        taken.append(time.perf_counter() - start)
    return len(batch) / statistics.median(taken)
