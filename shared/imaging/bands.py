"""TIFF, BMP and PNG decoded a few rows at a time, so that a large image never stands in memory as a whole.

Pillow decodes a file as a whole or not at all. But rows of a BMP, and strips or tiles of a TIFF, are coded each for
itself; so a few of them under the large file's header are a small file, which `open_image` decodes as it would the
large one. Of a PNG `shared.imaging.png` makes such files. A layout for which this does not hold is decoded as a whole.
"""

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COLORMAP,
    COMPRESSION,
    EXTRASAMPLES,
    FILLORDER,
    IMAGELENGTH,
    IMAGEWIDTH,
    JPEGTABLES,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    PREDICTOR,
    REFERENCEBLACKWHITE,
    ROWSPERSTRIP,
    SAMPLEFORMAT,
    SAMPLESPERPIXEL,
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILELENGTH,
    TILEOFFSETS,
    TILEWIDTH,
    YCBCRSUBSAMPLING,
    ImageFileDirectory_v2,
    TiffImageFile,
)

from shared.imaging.decode import DEFAULT_LIMITS, ImageLimits, damage_as_reason, open_image, opened
from shared.imaging.png import read_pieces

_PIECE_ROWS = 32

# BMP: the file header's 14 bytes, then an information header that begins with its own size; the old one, of OS/2, has
# a width and a height of 16 bits, all others of 32.
_BMP_HEADER = 14
_OS2_HEADER_SIZE = 12

# TIFF 6.0, section 8 and the supplements: what the samples mean and how they are coded; all else is metadata.
_TIFF_HEADER = 8
_YCBCR_POSITIONING = 531
_CODING_TAGS = (
    BITSPERSAMPLE,
    COMPRESSION,
    PHOTOMETRIC_INTERPRETATION,
    FILLORDER,
    SAMPLESPERPIXEL,
    PLANAR_CONFIGURATION,
    PREDICTOR,
    COLORMAP,
    TILEWIDTH,
    TILELENGTH,
    EXTRASAMPLES,
    SAMPLEFORMAT,
    JPEGTABLES,
    YCBCRSUBSAMPLING,
    _YCBCR_POSITIONING,
    REFERENCEBLACKWHITE,
)
_UNCOMPRESSED = 1
_CUT_APART = frozenset({_UNCOMPRESSED, 5, 7, 8, 32773, 32946})  # and LZW, JPEG, Deflate, PackBits, old Deflate


@dataclass(frozen=True, slots=True)
class _Segment:
    """A strip of a TIFF, or all tiles that stand side by side: where their bytes lie, and how many rows they hold."""

    spans: tuple[tuple[int, int], ...]
    rows: int


def read_bands(source: Path, limits: ImageLimits = DEFAULT_LIMITS, *, rows: int) -> Iterator[Image.Image]:
    """Decode an image from top to bottom, in bands of full width.

    Args:
        source: the file; a JPEG is decoded as a whole.
        limits: checked on the header, before decoding.
        rows: height of each band; the last one may be lower.

    Yields:
        8-bit RGB, the same pixels that `open_image` returns.

    Raises:
        UnreadableImageError: as `open_image`, though perhaps only at the damaged band.
        OSError: the file cannot be opened or read.
    """
    with opened(source, limits) as image, source.open("rb") as file, damage_as_reason("the image's layout is damaged"):
        pieces = _pieces(image, file, limits)
        yield from _of_height(pieces or iter((open_image(source, limits),)), image.size, rows)


def _of_height(pieces: Iterator[Image.Image], size: tuple[int, int], rows: int) -> Iterator[Image.Image]:
    """Cut and join pieces of any height to bands of `rows` rows."""
    width, left = size
    band, filled = Image.new("RGB", (width, min(rows, left))), 0
    for piece in pieces:
        top = 0
        while top < piece.height:
            taken = min(band.height - filled, piece.height - top)
            band.paste(piece.crop((0, top, width, top + taken)), (0, filled))
            top, filled, left = top + taken, filled + taken, left - taken
            if filled == band.height:
                yield band
                band, filled = Image.new("RGB", (width, min(rows, left))), 0


def _pieces(image: ImageFile.ImageFile, file: BinaryIO, limits: ImageLimits) -> Iterator[Image.Image] | None:
    """Small images that together hold the rows of a large one; None where it cannot be cut."""
    if isinstance(image, PngImageFile):
        return read_pieces(file, limits)
    files = None
    if isinstance(image, BmpImageFile):
        files = _bmp_pieces(image, file)
    elif isinstance(image, TiffImageFile):
        files = _tiff_pieces(image, file)
    return None if files is None else (open_image(small, replace(limits, min_side=1)) for small in files)


def _bmp_pieces(image: BmpImageFile, file: BinaryIO) -> Iterator[bytes] | None:
    (tile,) = image.tile
    if tile.codec_name != "raw" or not isinstance(tile.args, tuple):
        return None  # run-length coded
    _, stride, direction = tile.args
    file.seek(0)
    header = bytearray(file.read(tile.offset))
    old = struct.unpack_from("<I", header, _BMP_HEADER)[0] == _OS2_HEADER_SIZE

    def pieces() -> Iterator[bytes]:
        for top in range(0, image.height, _PIECE_ROWS):
            rows = min(_PIECE_ROWS, image.height - top)
            struct.pack_into("<H" if old else "<i", header, _BMP_HEADER + (6 if old else 8), rows * -direction)
            first = top if direction > 0 else image.height - top - rows  # most files begin with the lowest row
            file.seek(tile.offset + first * stride)
            yield bytes(header) + file.read(rows * stride)

    return pieces()


def _tiff_pieces(image: TiffImageFile, file: BinaryIO) -> Iterator[bytes] | None:
    tags = image.tag_v2
    segments = _segments(tags, image.size)
    if segments is None:
        return None

    def pieces() -> Iterator[bytes]:
        each = max(1, _PIECE_ROWS // segments[0].rows)
        for first in range(0, len(segments), each):
            yield _tiff_of(segments[first : first + each], tags, image.width, file)

    return pieces()


def _segments(tags: ImageFileDirectory_v2, size: tuple[int, int]) -> list[_Segment] | None:
    """The image's strips or rows of tiles, from top to bottom; None where it cannot be cut between them."""
    width, height = size
    compression = tags.get(COMPRESSION, _UNCOMPRESSED)
    if compression not in _CUT_APART or tags.get(PLANAR_CONFIGURATION, 1) != 1 or tags.get(Base.Orientation, 1) != 1:
        return None
    tiled = TILEOFFSETS in tags
    offsets = tags.get(TILEOFFSETS if tiled else STRIPOFFSETS, ())
    counts = tags.get(TILEBYTECOUNTS if tiled else STRIPBYTECOUNTS, ())
    rows = min(height, tags[TILELENGTH] if tiled else tags.get(ROWSPERSTRIP, height))
    across = math.ceil(width / tags[TILEWIDTH]) if tiled else 1
    if not len(offsets) == len(counts) == across * math.ceil(height / rows):
        return None
    spans = tuple(zip(offsets, counts, strict=True))
    tops = range(0, height, rows)
    found = [
        _Segment(spans[across * index : across * (index + 1)], min(rows, height - top))
        for index, top in enumerate(tops)
    ]
    if compression == _UNCOMPRESSED and not tiled:
        row_bytes = math.ceil(width * sum(tags.get(BITSPERSAMPLE, (1,))) / 8)
        found = [part for segment in found for part in _shorter(segment, row_bytes)]
    return found


def _shorter(strip: _Segment, row_bytes: int) -> Iterator[_Segment]:
    """An uncompressed strip may be cut between any two rows; often the whole image is one."""
    ((offset, _),) = strip.spans
    for top in range(0, strip.rows, _PIECE_ROWS):
        rows = min(_PIECE_ROWS, strip.rows - top)
        yield _Segment(((offset + top * row_bytes, rows * row_bytes),), rows)


def _tiff_of(segments: list[_Segment], tags: ImageFileDirectory_v2, width: int, file: BinaryIO) -> bytes:
    """A TIFF of these segments alone: header, directory, coded bytes."""
    spans = [span for segment in segments for span in segment.spans]
    coded, positions = [], [0]
    for offset, count in spans:
        file.seek(offset)
        coded.append(file.read(count))
        positions.append(positions[-1] + len(coded[-1]))
    directory = ImageFileDirectory_v2(prefix=tags.prefix)
    for tag in _CODING_TAGS:
        if tag in tags:
            directory[tag] = tags[tag]
    directory[IMAGEWIDTH] = width
    directory[IMAGELENGTH] = sum(segment.rows for segment in segments)
    counts = tuple(map(len, coded))
    if TILEOFFSETS in tags:
        directory[TILEBYTECOUNTS] = counts
        directory[TILEOFFSETS] = counts  # holds the place, so that the directory's size is known
        begin = _TIFF_HEADER + len(directory.tobytes(_TIFF_HEADER))
        directory[TILEOFFSETS] = tuple(begin + position for position in positions[:-1])
    else:
        directory[ROWSPERSTRIP] = segments[0].rows
        directory[STRIPBYTECOUNTS] = counts
        directory[STRIPOFFSETS] = tuple(positions[:-1])  # Pillow adds the directory's size by itself
    target = io.BytesIO()
    directory.save(target)
    return target.getvalue() + b"".join(coded)
