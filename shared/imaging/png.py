"""PNG, chunk by chunk, and its rows a few at a time.

The rows of a PNG are one compressed stream, and each is told as the difference from the one above it. So the stream is
inflated a few rows at a time, and these are decoded as a small PNG of their own that begins with the row above them.
References are to the PNG specification, third edition.
"""

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, BinaryIO

from PIL import Image

from shared.errors import UnreadableImageError
from shared.imaging.decode import PIXEL_CEILING, ImageLimits, damage_as_reason, opened, to_rgb

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIECE_BYTES, _PIECE_ROWS = 256 * 1024, 32
_READ_AT_ONCE = 64 * 1024  # bytes of a chunk, which may hold the whole image
_HEAD = len(SIGNATURE) + 25  # with the header chunk (11.2.1)
_BITS = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type (table 8): grey, RGB, palette, grey and alpha, RGB and alpha
_NO_FILTER = b"\0"


def chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk's type, where its body begins, and the body's length in bytes (5.3), to the end chunk inclusive.

    The file may be read and moved meanwhile.

    Raises:
        UnreadableImageError: the file ends before its end chunk.
    """
    size = file.seek(0, os.SEEK_END)
    position = len(SIGNATURE)
    while True:
        file.seek(position)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(kind) < 4 or position + length + 12 > size:  # noqa: PLR2004 - bytes of the type; length, type, CRC
            raise UnreadableImageError("a chunk of the PNG reaches beyond the file's end: copy it again")
        yield kind, position + 8, length
        if kind == b"IEND":
            return
        position += length + 12


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length and CRC (5.3)."""
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))


def read_pieces(file: BinaryIO, limits: ImageLimits) -> Iterator[Image.Image] | None:
    """Decode a PNG whose header was checked, from top to bottom, a few rows at a time.

    Returns:
        Pieces of full width, 8-bit RGB, which raise as `open_image` does; None where a sample is less than a byte, or
        the rows are interlaced.
    """
    file.seek(0)
    head = file.read(_HEAD)
    width, height, bits, colour_type, interlaced = struct.unpack(">IIBB2xB", head[16:29])
    if head[8:16] != b"\0\0\0\rIHDR" or bits != _BITS or interlaced:
        return None
    row_bytes = width * _SAMPLES[colour_type]
    most = max(1, min(_PIECE_ROWS, _PIECE_BYTES // row_bytes))
    own = replace(limits, max_pixels=PIXEL_CEILING, max_bytes=sys.maxsize, min_side=1)

    def pieces() -> Iterator[Image.Image]:
        palette = _palette(file)
        inflated = _Inflated(file)
        above = bytes(row_bytes)  # 9.2: what stands above the first row counts as zero
        for top in range(0, height, most):
            rows = min(most, height - top)
            filtered = inflated.read(rows * (1 + row_bytes))
            header = struct.pack(">II", width, 1 + rows) + head[24:29]
            image_data = zlib.compress(_NO_FILTER + above + filtered, 0)
            small = (SIGNATURE, chunk(b"IHDR", header), palette, chunk(b"IDAT", image_data), chunk(b"IEND", b""))
            with opened(b"".join(small), own) as image, damage_as_reason("the PNG's rows are damaged"):
                above = image.crop((0, rows, width, 1 + rows)).tobytes()
                yield to_rgb(image.crop((0, 1, width, 1 + rows)))

    return pieces()


def _palette(file: BinaryIO) -> bytes:
    """The palette's chunk, nothing where there is none. Transparency is left out, as alpha is dropped."""
    for kind, begin, length in chunks(file):
        if kind == b"PLTE":
            file.seek(begin)
            return chunk(kind, file.read(length))
        if kind == b"IDAT":
            break
    return b""


class _Inflated:
    """The bytes that are compressed in the image data chunks (10.1), in order."""

    def __init__(self, file: BinaryIO) -> None:
        self._coded = _image_data(file)
        self._coder = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            UnreadableImageError: there are fewer.
            zlib.error: they are damaged.
        """
        found = bytearray()
        while len(found) < size:
            coded = self._coder.unconsumed_tail or next(self._coded, b"")
            inflated = self._coder.decompress(coded, size - len(found))
            if not coded and not inflated:
                raise UnreadableImageError("the PNG ends before its last row: copy it again")
            found += inflated
        return bytes(found)


def _image_data(file: BinaryIO) -> Iterator[bytes]:
    for kind, begin, length in chunks(file):
        if kind == b"IDAT":
            for offset in range(0, length, _READ_AT_ONCE):
                file.seek(begin + offset)
                yield file.read(min(_READ_AT_ONCE, length - offset))
