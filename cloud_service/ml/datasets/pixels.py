"""A data set's pixels, as the network will be served them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.datasets.samples import DatasetError, Sample
from shared.errors import UnreadableImageError
from shared.imaging.preprocess import PreprocessSpec, preprocess


def load_pixels(
    samples: Sequence[Sample], spec: PreprocessSpec, progress: Callable[[], None] = lambda: None
) -> NDArray[np.uint8]:
    """The preprocessed images of `samples`, (N, size, size, 3) uint8, in their order; 150 kB each at size 224.

    Args:
        samples: what to read.
        spec: how images become pixels, the same in training and serving.
        progress: called after each image.

    Raises:
        DatasetError: an image cannot be read.
    """
    pixels = np.empty((len(samples), spec.size, spec.size, 3), dtype=np.uint8)
    for index, sample in enumerate(samples):
        try:
            pixels[index] = preprocess(sample.path, spec)
        except UnreadableImageError as error:
            raise DatasetError(
                f"{sample.path} of the data set cannot be used: {error}. Or remove it from the data set."
            ) from error
        progress()
    return pixels


def labels_of(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """1 for each sample with ALL and 0 for the others, (N,) float32, in their order."""
    return np.array([sample.is_all for sample in samples], dtype=np.float32)
