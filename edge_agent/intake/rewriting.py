"""TIFF and BMP become PNG, and a PNG loses its metadata: the same pixels without anything else, a little at a time."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from edge_agent.intake.deidentify import scrub_png
from edge_agent.intake.png_writer import PngWriter
from shared.errors import TransientError
from shared.imaging.assessment import reduction
from shared.imaging.bands import read_bands
from shared.imaging.decode import ImageInfo, ImageLimits

_BAND_ROWS = 32


def rewrite_as_png(source: Path, info: ImageInfo, limits: ImageLimits, target: BinaryIO) -> Image.Image:
    """Write the pixels of `source` as a PNG to `target`.

    Args:
        source: the file.
        info: what `probe` says of it.
        limits: as for `probe`.
        target: gets the bytes; it stays open.

    Returns:
        The image reduced to what `assess` measures it on.

    Raises:
        UnreadableImageError: the file is damaged.
        TransientError: there is no room for the PNG.
        OSError: the file cannot be read.
    """
    with _writing():
        png = PngWriter(target, width=info.width, height=info.height)

    def write(band: Image.Image) -> None:
        with _writing():
            png.write(np.asarray(band))

    small = _reduced(source, info, limits, write)
    with _writing():
        png.finish()
        target.flush()
    return small


def copy_png(source: Path, info: ImageInfo, limits: ImageLimits, target: BinaryIO) -> Image.Image:
    """Write a PNG to `target` as it is, but for its metadata; as `rewrite_as_png` otherwise."""
    small = _reduced(source, info, limits, lambda _: None)
    with source.open("rb") as file:
        for piece in scrub_png(file):
            with _writing():
                target.write(piece)
    with _writing():
        target.flush()
    return small


def _reduced(source: Path, info: ImageInfo, limits: ImageLimits, take: Callable[[Image.Image], None]) -> Image.Image:
    """Decode the file band by band; `take` gets each of them."""
    factor = reduction((info.width, info.height))
    rows = factor * max(1, _BAND_ROWS // factor)
    small = Image.new("RGB", (math.ceil(info.width / factor), math.ceil(info.height / factor)))
    for number, band in enumerate(read_bands(source, limits, rows=rows)):
        small.paste(band.reduce(factor), (0, number * rows // factor))
        take(band)
    return small


@contextmanager
def _writing() -> Iterator[None]:
    """Tell trouble with the target from trouble with the source."""
    try:
        yield
    except OSError as error:
        raise TransientError(f"the PNG made of it cannot be written ({error.strerror}): it is tried again") from error
