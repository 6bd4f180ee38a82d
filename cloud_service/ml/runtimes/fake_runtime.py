"""A runtime without a model, for tests of what stands around it."""

import numpy as np

from cloud_service.ml.runtimes.contract import CPU_BATCH_LIMIT, Pixels, Probabilities, check_batch


class FakeRuntime:
    """A `Runtime` that answers with an image's darkness, which a test can foretell: black 1, white 0.

    Args:
        size: width and height of the images it takes.
        batch_limit: the most images it takes at once.
    """

    name = "fake"

    def __init__(self, size: int = 224, batch_limit: int = CPU_BATCH_LIMIT) -> None:
        self.batch_limit = batch_limit
        self._size = size

    def predict(self, batch: Pixels) -> Probabilities:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        return np.asarray(1.0 - batch.mean(axis=(1, 2, 3), dtype=np.float64) / 255.0, dtype=np.float32)
