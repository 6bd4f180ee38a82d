"""What every runtime promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.attention import AttentionMap
from shared.errors import PermanentError

Pixels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]
Attention = NDArray[np.float32]

CPU_BATCH_LIMIT = 8
"""Images in one call. Larger batches gain nothing on a CPU and cost about 20 MB of memory an image."""


class InvalidBatchError(PermanentError):
    """A batch has not the shape, type or length that the runtime takes; the text names both."""


class BrokenModelError(PermanentError):
    """A model answers with something that is no number; the text names the runtime and the images."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of a batch of N images, in its order."""

    probabilities: Probabilities  # of ALL, (N,) in [0, 1]
    attention: Attention | None  # (N, h, w), as `Network.attention` gives it; None: the model's card names no map

    @classmethod
    def of_nothing(cls, card: AttentionMap | None) -> Self:
        """What is said of no images, by a model whose card says this of its maps."""
        attention = np.empty((0, card.positions, card.positions), dtype=np.float32) if card else None
        return cls(np.empty(0, dtype=np.float32), attention)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """What one model says of several batches, at least one, as of one."""
        maps = [part.attention for part in parts if part.attention is not None]
        probabilities = np.concatenate([part.probabilities for part in parts])
        return cls(probabilities, np.concatenate(maps) if maps else None)


class Runtime(Protocol):
    """Gives each image the probability of ALL (acute lymphoblastic leukemia), calibrated by the card's temperature.

    And a map of where the model looked, where its card names one.

    The same image gets the same answer, alone or in a batch, to within 1e-5; where a GPU calculates in less than
    float32, to within the bounds of `engines.parity`, since other batches run other kernels there. An instance is used
    by one thread at a time.
    """

    @property
    def name(self) -> str:
        """The runtime's name, as `load_runtime` takes it."""

    @property
    def batch_limit(self) -> int:
        """The most images that one call of `predict` takes."""

    def predict(self, batch: Pixels) -> Predictions:
        """The probability of ALL for each image of a batch, in its order, and where the model looked.

        Args:
            batch: (N, size, size, 3) uint8 as `shared.imaging.preprocess.preprocess` gives it, 0 ≤ N ≤ batch_limit.

        Raises:
            InvalidBatchError: the batch is not as stated.
            BrokenModelError: the model's answer is not a number.
        """


def check_batch(batch: Pixels, *, size: int, limit: int) -> None:
    """Refuses a batch that is not (0 ≤ N ≤ limit, size, size, 3) uint8.

    Raises:
        InvalidBatchError: as the name says.
    """
    if batch.dtype != np.uint8 or batch.shape[1:] != (size, size, 3):
        raise InvalidBatchError(
            f"A batch must be uint8 of shape (N, {size}, {size}, 3), but this one is {batch.dtype} of shape "
            f"{batch.shape}. Preprocess images by the PreprocessSpec of the model's card."
        )
    if len(batch) > limit:
        raise InvalidBatchError(f"A batch of {len(batch)} images is above the runtime's limit of {limit}; divide it.")


def probabilities_of(logits: NDArray[np.float32], *, temperature: float, runtime: str) -> Probabilities:
    """sigmoid(logit / temperature) for each of (N,) logits, without overflow.

    Args:
        logits: what the network gives.
        temperature: above 0; the card's, with which the probabilities of the validation part fit best (Guo et al.,
            2017). 1 leaves them as the network has them.
        runtime: the runtime's name, for the error.

    Raises:
        BrokenModelError: a logit is not a number.
    """
    broken = np.flatnonzero(np.isnan(logits))
    if broken.size:
        raise BrokenModelError(
            f"The model gave no number for images {broken.tolist()} of a batch in the runtime {runtime}."
        )
    # sigmoid(x) = (1 + tanh(x / 2)) / 2 stays finite where exp(-x) overflows.
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 / temperature * logits)), dtype=np.float32)
