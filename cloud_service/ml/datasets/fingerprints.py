"""Fingerprints of images: equal for equal files, and close for images that look the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from cloud_service.ml.datasets.samples import DatasetError, Sample
from shared.errors import UnreadableImageError
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import open_image

ALIKE: Final = 0.985
"""Smallest agreement of two patterns at which images count as near duplicates.

Measured on 690 real fields, 200 procedural crops and 200 procedural cells on black: copies that are compressed anew,
halved, brightened, turned or mirrored agree with their original by 0.990 at the least; different images by 0.39, 0.85
and 0.976 at the most. A hash of bits (the signs of the same numbers) takes different cells on black for one another.
"""

_THUMBNAIL: Final = 32
_FREQUENCIES: Final = 16
_DRAFT_EDGE: Final = 448
_ROWS_AT_ONCE: Final = 512
_TURNS: Final = tuple(product((False, True), (1, -1), (1, -1)))
"""The eight ways to turn and mirror a picture: whether rows and columns change places, and the sign of each one's odd
frequencies."""


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
    frequencies = dctn(np.asarray(small, np.float32), norm="ortho")[:_FREQUENCIES, :_FREQUENCIES]
    order = np.arange(_FREQUENCIES)
    amplified = frequencies * np.hypot(order[:, None], order[None, :])  # the mean, the brightness, falls away
    length = max(float(np.linalg.norm(amplified)), np.finfo(np.float32).tiny)
    return Fingerprint(sha256_of_bytes(content), (amplified / length).astype(np.float32))


def near_pairs(fingerprints: Sequence[Fingerprint]) -> NDArray[np.intp]:
    """Pairs of images that look the same, also turned or mirrored: (P, 2) indices, the smaller first."""
    if not fingerprints:
        return np.empty((0, 2), np.intp)
    patterns = np.stack([fingerprint.pattern for fingerprint in fingerprints])
    turned = [_turned(patterns, *turn).reshape(len(patterns), -1).T for turn in _TURNS]
    pairs = []
    for start in range(0, len(patterns), _ROWS_AT_ONCE):
        rows = patterns[start : start + _ROWS_AT_ONCE].reshape(-1, _FREQUENCIES**2)
        alike = np.zeros((len(rows), len(patterns)), dtype=np.bool_)
        for others in turned:
            alike |= rows @ others >= ALIKE
        first, second = np.nonzero(np.triu(alike, k=start + 1))
        pairs.append(np.stack([first + start, second], axis=1))
    return np.concatenate(pairs)


def _turned(patterns: NDArray[np.float32], swap: bool, rows: int, columns: int) -> NDArray[np.float32]:  # noqa: FBT001
    """(N, 16, 16) patterns as those of the same pictures, turned or mirrored.

    To mirror a picture changes the sign of a cosine transform's odd frequencies along that side.
    """
    order = np.arange(_FREQUENCIES)
    signs = np.outer(float(rows) ** order, float(columns) ** order).astype(np.float32)
    return (patterns.swapaxes(1, 2) if swap else patterns) * signs
