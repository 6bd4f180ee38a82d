"""What a model's training images look like, and how far another image is from that."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from cloud_service.ml.evaluation.appearance import LENGTH, appearance
from shared.errors import PermanentError

Pixels = NDArray[np.uint8]

_LEAST_SPREAD: Final = 1e-3  # flat images all alike still have a distance from others


class BrokenStatisticsError(PermanentError):
    """The statistics file of a model package holds something else; the text says what."""


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """What the images of the training part look like."""

    centre: NDArray[np.float32]  # (F,)
    whitening: NDArray[np.float32]  # (F, F): whitened = (appearance - centre) @ whitening

    @classmethod
    def of(cls, training: Pixels) -> Self:
        """From the training part's pixels (N, S, S, 3) uint8, N ≥ 2; covariance after Ledoit and Wolf (2004)."""
        from sklearn.covariance import LedoitWolf  # noqa: PLC0415 - serving only scores, and has no scikit-learn

        found = appearance(training).astype(np.float64)
        centre, scale = found.mean(axis=0), found.std(axis=0) + _LEAST_SPREAD
        covariance = LedoitWolf(assume_centered=True).fit((found - centre) / scale).covariance_
        precision = np.linalg.inv(covariance + _LEAST_SPREAD * np.eye(LENGTH))
        whitening = np.linalg.cholesky(precision) / scale[:, None]
        return cls(centre.astype(np.float32), whitening.astype(np.float32))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What `to_bytes` gave.

        Raises:
            BrokenStatisticsError: `content` is something else.
        """
        try:
            found = safetensors.numpy.load(content)
            typical = cls(found["centre"], found["whitening"])
        except (KeyError, safetensors.SafetensorError) as error:
            raise BrokenStatisticsError(
                f"A model's statistics cannot be read: {error}. Take its package again."
            ) from error
        if typical.centre.shape != (LENGTH,) or typical.whitening.shape != (LENGTH, LENGTH):
            raise BrokenStatisticsError(
                f"A model's statistics have {len(typical.centre)} entries, this program works out {LENGTH}. "
                "Make the package again with this version."
            )
        return typical

    def to_bytes(self) -> bytes:
        """As safetensors; the same statistics give the same bytes."""
        return safetensors.numpy.save({"centre": self.centre, "whitening": self.whitening})

    def scores(self, pixels: Pixels) -> NDArray[np.float64]:
        """(N,) squared distances for pixels (N, S, S, 3) uint8 preprocessed as the model's card says."""
        whitened = (appearance(pixels) - self.centre).astype(np.float64) @ self.whitening
        return np.asarray(np.square(whitened).sum(axis=1), dtype=np.float64)
