"""Take out of an image file everything but its pixels and what is needed to read them rightly (DESIGN promise 7).

JPEG and PNG are cleaned by their container: the coded pixels are not touched, so a clean file stays the same to the
last byte. What only a decoder could find, such as spare bytes within the compressed data itself, stays. TIFF and BMP,
whose tags reach everywhere, are rewritten (edge_agent.intake.rewriting).
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

from shared.errors import UnreadableImageError
from shared.imaging.png import SIGNATURE, chunk, chunks

MediaType = Literal["image/jpeg", "image/png"]

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOS, _APP0, _APP2, _APP14 = 0xDA, 0xE0, 0xE2, 0xEE
# T.81 table B.1: frames and tables (C0-CF), SOS, DQT, DNL, DRI, DHP, EXP
_CODING_MARKERS = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# T.81 B.1.1.5: in coded data FF is followed by 00 or by a restart marker (D0-D7); B.1.1.2: FF before FF is filling
_NEXT_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_JFIF_SIZE = 14
_ADOBE_SIZE = 12

_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"tRNS"}
)
_PROFILE_NAME = b"ICC Profile"
_COPIED_AT_ONCE = 256 * 1024


def scrub_jpeg(data: bytes) -> bytes:
    """Clean a JPEG that `open_image` can decode.

    Raises:
        UnreadableImageError: the container is damaged.
    """
    return b"".join(_clean_jpeg(data))


def scrub_png(file: BinaryIO) -> Iterator[bytes]:
    """Clean a PNG that can be decoded: the pieces that stay (PNG third edition, clauses 5.3 and 11), each rather small.

    Pixels, palette, transparency and colour stay.

    Raises:
        UnreadableImageError: the container is damaged.
    """
    yield SIGNATURE
    for kind, begin, length in chunks(file):
        if kind == b"iCCP":
            file.seek(begin)
            yield chunk(kind, _profile_without_name(file.read(length)))
        elif kind in _PNG_KEPT:
            file.seek(begin - 8)  # with its length and type, and its CRC behind it
            for left in range(12 + length, 0, -_COPIED_AT_ONCE):
                yield file.read(min(left, _COPIED_AT_ONCE))


def _clean_jpeg(data: bytes) -> Iterator[bytes | memoryview]:
    """The pieces of a JPEG that stay (ITU-T T.81 annex B: marker segments, B.1.1.4; coded data, B.1.1.5)."""
    view = memoryview(data)
    yield _SOI
    position, saw_jfif = len(_SOI), False
    while found := _NEXT_MARKER.search(data, position):
        marker = found[1][0]
        if found[0] == _EOI:
            break
        if marker in _NO_LENGTH:
            position = found.end()
            continue
        start, body = found.start(), found.end() + 2
        end = found.end() + _length_at(data, found.end())
        position = end
        if marker in _CODING_MARKERS:
            if marker == _SOS:
                position = _end_of_coded_data(data, end)
            yield view[start:position]
        elif marker == _APP0 and data.startswith(b"JFIF\0", body) and end - body >= _JFIF_SIZE and not saw_jfif:
            saw_jfif = True
            yield _jfif_without_thumbnail(data[body:end])
        elif marker == _APP14 and data.startswith(b"Adobe", body) and end - body >= _ADOBE_SIZE:
            yield _segment(_APP14, data[body : body + _ADOBE_SIZE])
        elif marker == _APP2 and data.startswith(b"ICC_PROFILE\0", body):
            yield view[start:end]
    yield _EOI  # what follows it in the file is dropped


def _length_at(data: bytes, position: int) -> int:
    """A segment's length, which counts itself (T.81 B.1.1.4)."""
    length = int.from_bytes(data[position : position + 2], "big")
    if length < 2 or position + length > len(data):  # noqa: PLR2004 - bytes of the length field
        raise UnreadableImageError("a segment of the JPEG reaches beyond the file's end: copy the file again")
    return length


def _end_of_coded_data(data: bytes, start: int) -> int:
    found = _NEXT_MARKER.search(data, start)
    return found.start() if found else len(data)


def _jfif_without_thumbnail(body: bytes) -> bytes:
    """JFIF 1.02, APP0: the last two of its 14 bytes are the size of a thumbnail, whose pixels follow."""
    return _segment(_APP0, body[: _JFIF_SIZE - 2] + b"\0\0")


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _profile_without_name(body: bytes) -> bytes:
    """PNG third edition 11.3.2.3: iCCP begins with a name, which is free text, and a zero byte."""
    _, zero, profile = body.partition(b"\0")
    return _PROFILE_NAME + zero + profile
