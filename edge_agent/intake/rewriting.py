"""TIFF and BMP become PNG: the same pixels without anything else, a few rows at a time."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

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
    factor = reduction((info.width, info.height))
    rows = factor * max(1, _BAND_ROWS // factor)
    small = Image.new("RGB", (math.ceil(info.width / factor), math.ceil(info.height / factor)))
    with _writing():
        png = PngWriter(target, width=info.width, height=info.height)
    for number, band in enumerate(read_bands(source, limits, rows=rows)):
        small.paste(band.reduce(factor), (0, number * rows // factor))
        with _writing():
            png.write(np.asarray(band))
    with _writing():
        png.finish()
        target.flush()
    return small


@contextmanager
def _writing() -> Iterator[None]:
    """Tell trouble with the target from trouble with the source."""
    try:
        yield
    except OSError as error:
        raise TransientError(f"the PNG made of it cannot be written ({error.strerror}): it is tried again") from error
