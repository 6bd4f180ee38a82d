"""Reading every image of a data set once, for all that its inspection asks of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cloud_service.ml.datasets.fingerprints import Fingerprint, fingerprint_of
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.datasets.shortcuts import background_statistics, colour_statistics, corner_statistics
from shared.errors import UnreadableImageError
from shared.imaging.decode import open_image, probe

_SIDE = 224
_DRAFT_EDGE = 448


@dataclass(frozen=True, slots=True)
class Seen:
    """One readable image.

    Attributes:
        sample: which one.
        fingerprint: of its file and picture.
        size: width and height, pixels.
        colours: (21,) float32, see `colour_statistics`.
        background: (6,) float32, see `background_statistics`.
        corners: (24,) float32, see `corner_statistics`.
    """

    sample: Sample
    fingerprint: Fingerprint
    size: tuple[int, int]
    colours: NDArray[np.float32]
    background: NDArray[np.float32]
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Unread:
    """An image that cannot be read, and why."""

    sample: Sample
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All images of a data set, in its order."""

    seen: tuple[Seen, ...]
    unread: tuple[Unread, ...]


def survey(samples: Sequence[Sample], progress: Callable[[], None] = lambda: None) -> Survey:
    """Reads each image once; one that cannot be read is noted with its reason and holds nothing up.

    Args:
        samples: the data set.
        progress: called after each image.
    """
    seen, unread = [], []
    for sample in samples:
        try:
            seen.append(_see(sample))
        except UnreadableImageError as error:
            unread.append(Unread(sample, str(error)))
        except OSError as error:
            unread.append(Unread(sample, f"the file cannot be read: {error.strerror}"))
        progress()
    return Survey(tuple(seen), tuple(unread))


def _see(sample: Sample) -> Seen:
    content = sample.path.read_bytes()
    info = probe(content)
    image = open_image(content, draft_edge=_DRAFT_EDGE)
    pixels = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))[None]
    return Seen(
        sample=sample,
        fingerprint=fingerprint_of(content, image),
        size=(info.width, info.height),
        colours=colour_statistics(pixels)[0],
        background=background_statistics(pixels)[0],
        corners=corner_statistics(pixels)[0],
    )
