"""Fingerprints of images: equal for equal files, and close for images that look the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from cloud_service.ml.datasets.patterns import FREQUENCIES, alike_pairs
from cloud_service.ml.datasets.samples import DatasetError, Sample
from shared.errors import UnreadableImageError
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import open_image

_THUMBNAIL: Final = 32
_DRAFT_EDGE: Final = 448


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an image is recognised by.

    Attributes:
        sha256: of the file.
        pattern: (16, 16) float32 of length 1: the low frequencies of its grey values, the higher ones amplified, so
            that fine and coarse forms count alike; blind to brightness and contrast.
    """

    sha256: str
    pattern: NDArray[np.float32]


Fingerprints = Mapping[Path, Fingerprint]
"""Fingerprints by the path of their image."""


def fingerprints_of(samples: Sequence[Sample], progress: Callable[[], None] = lambda: None) -> dict[Path, Fingerprint]:
    """The fingerprints of all samples by their path; 1 ms for a small image.

    Args:
        samples: what to read.
        progress: called after each image.

    Raises:
        DatasetError: an image cannot be read.
    """
    found = {}
    for sample in samples:
        try:
            content = sample.path.read_bytes()
            found[sample.path] = fingerprint_of(content, open_image(content, draft_edge=_DRAFT_EDGE))
        except (UnreadableImageError, OSError) as error:
            raise DatasetError(
                f"{sample.path} of the data set cannot be used: {error}. Or remove it from the data set."
            ) from error
        progress()
    return found


def fingerprint_of(content: bytes, image: Image.Image) -> Fingerprint:
    """The fingerprint of an image.

    Args:
        content: its file.
        image: the same, decoded, also at a reduced size.
    """
    small = image.convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    frequencies = dctn(np.asarray(small, np.float32), norm="ortho")[:FREQUENCIES, :FREQUENCIES]
    order = np.arange(FREQUENCIES)
    amplified = frequencies * np.hypot(order[:, None], order[None, :])  # the mean, the brightness, falls away
    length = max(float(np.linalg.norm(amplified)), np.finfo(np.float32).tiny)
    return Fingerprint(sha256_of_bytes(content), (amplified / length).astype(np.float32))


def near_pairs(fingerprints: Sequence[Fingerprint]) -> NDArray[np.intp]:
    """Pairs of images that look the same, also turned or mirrored: (P, 2) indices, the smaller first."""
    if not fingerprints:
        return np.empty((0, 2), np.intp)
    patterns = np.stack([fingerprint.pattern for fingerprint in fingerprints])
    pairs = alike_pairs(patterns, patterns)
    return pairs[pairs[:, 0] < pairs[:, 1]]
