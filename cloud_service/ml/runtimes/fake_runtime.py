"""A runtime without a model, for tests of what stands around it."""

import numpy as np

from cloud_service.ml.runtimes.contract import CPU_BATCH_LIMIT, Pixels, Predictions, check_batch

_POSITIONS = 4


class FakeRuntime:
    """A `Runtime` that answers with an image's darkness, which a test can foretell: black 1, white 0.

    It looks at dark places: its map is the darkness of each sixteenth of the image, less a half.

    Args:
        size: width and height of the images it takes, a multiple of 4.
        batch_limit: the most images it takes at once.
    """

    name = "fake"

    def __init__(self, size: int = 224, batch_limit: int = CPU_BATCH_LIMIT) -> None:
        self.batch_limit = batch_limit
        self._size = size

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        part = self._size // _POSITIONS
        parts = batch.reshape(len(batch), _POSITIONS, part, _POSITIONS, part, 3)
        darkness = 1.0 - parts.mean(axis=(2, 4, 5), dtype=np.float64) / 255.0
        return Predictions(
            probabilities=darkness.mean(axis=(1, 2)).astype(np.float32),
            attention=(darkness - 0.5).astype(np.float32),
        )
