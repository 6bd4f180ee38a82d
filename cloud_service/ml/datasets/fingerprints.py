"""Fingerprints of images: equal for equal files, and close for images that look the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

HASH_BITS: Final = 255
NEAR: Final = 40
"""Largest number of differing bits at which two images count as near duplicates.

Measured on 690 real fields and 300 procedural crops: compressed anew, halved, brightened, turned or mirrored copies
differ from their original in at most 18 bits, copies shifted by 2 % in at most 38, other images in 50 at the least.
"""

_THUMBNAIL: Final = 32
_FREQUENCIES: Final = 16
_DRAFT_EDGE: Final = 128
_ROWS_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an image is recognised by.

    Attributes:
        sha256: of the file.
        hashes: (8, HASH_BITS) int8 of -1 and 1, one row for each way to turn and mirror the image; the first is the
            image as it is.
    """

    sha256: str
    hashes: NDArray[np.int8]


def fingerprints_of(samples: Sequence[Sample], progress: Callable[[], None] = lambda: None) -> dict[Path, Fingerprint]:
    """The fingerprints of all samples by their path; 3 ms for a small image.

    Args:
        samples: what to read.
        progress: called after each image.

    Raises:
        DatasetError: an image cannot be read.
    """
    found = {}
    for sample in samples:
        try:
            found[sample.path] = fingerprint_of(sample.path.read_bytes())
        except (UnreadableImageError, OSError) as error:
            raise DatasetError(
                f"{sample.path} of the data set cannot be used: {error}. Or remove it from the data set."
            ) from error
        progress()
    return found


def fingerprint_of(content: bytes) -> Fingerprint:
    """The fingerprint of an image file's bytes.

    The hash is the usual perceptual one: of the low frequencies of a small grey copy's cosine transform, each bit says
    whether a coefficient lies above the median.

    Raises:
        UnreadableImageError: the bytes are no image within the usual limits.
    """
    image = open_image(content, draft_edge=_DRAFT_EDGE)
    small = np.asarray(image.convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX), np.float32)
    turned = [np.rot90(side, quarter) for side in (small, small[:, ::-1]) for quarter in range(4)]
    frequencies = dctn(np.stack(turned), axes=(1, 2), norm="ortho")[:, :_FREQUENCIES, :_FREQUENCIES]
    pattern = frequencies.reshape(len(turned), -1)[:, 1:]  # without the mean, which is the brightness
    above = pattern > np.median(pattern, axis=1, keepdims=True)
    return Fingerprint(sha256_of_bytes(content), np.where(above, 1, -1).astype(np.int8))


def near_pairs(fingerprints: Sequence[Fingerprint]) -> NDArray[np.intp]:
    """Pairs of images that look the same, also turned or mirrored: (P, 2) indices, the smaller first."""
    if not fingerprints:
        return np.empty((0, 2), np.intp)
    hashes = np.stack([fingerprint.hashes for fingerprint in fingerprints]).astype(np.float32)
    agreement = HASH_BITS - 2 * NEAR  # the scalar product of two patterns of -1 and 1 that differ in NEAR bits
    pairs = []
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE, 0]
        alike = np.zeros((len(rows), len(hashes)), dtype=np.bool_)
        for way in range(hashes.shape[1]):
            alike |= rows @ hashes[:, way].T >= agreement
        first, second = np.nonzero(np.triu(alike, k=start + 1))
        pairs.append(np.stack([first + start, second], axis=1))
    return np.concatenate(pairs)


def common_bits(first: Fingerprint, second: Fingerprint) -> int:
    """In how many bits two images agree, however the second is turned or mirrored."""
    products = second.hashes.astype(np.int32) @ first.hashes[0].astype(np.int32)
    return int((HASH_BITS + products.max()) // 2)


Fingerprints = Mapping[Path, Fingerprint]
"""Fingerprints by the path of their image."""
