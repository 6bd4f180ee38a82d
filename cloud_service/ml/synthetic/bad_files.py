"""Files that a watched folder may get by accident or malice, and odd ones that must still be taken.

Used by the demo and the tests; each is quick to make and small on disk, whatever it claims to hold.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cloud_service.ml.synthetic.parameters import SmearLabel, draw_field
from cloud_service.ml.synthetic.smear import make_field

_SIZE = (640, 480)
_HUNDRED_MEGAPIXELS = (12_000, 9_000)
_BOMB_SIDE = 60_000


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was written, and what is wrong or odd about it, in a few words."""

    path: Path
    why: str


def make_bad_files(directory: Path, seed: int = 0) -> list[MadeFile]:
    """Write one file for each way in which an image can be unreadable.

    Raises:
        OSError: `directory` cannot be written.
    """
    image = _smear(seed)
    jpeg = _encoded(image, "JPEG", quality=92)
    contents: dict[str, tuple[str, bytes]] = {
        "empty.jpg": ("empty file", b""),
        "truncated.jpg": ("JPEG cut short", jpeg[: len(jpeg) * 2 // 3]),
        "truncated.png": ("PNG cut short", _encoded(image, "PNG")[:50_000]),
        "text.jpg": ("text named .jpg", b"Slide 7: to be photographed again on Monday.\n" * 20),
        "noise.jpg": ("random bytes named .jpg", np.random.default_rng(seed).bytes(4096)),
        "no-pixels.png": ("0 x 0 pixels", png_claiming(0, 0)),
        "tiny.png": ("too few pixels", _encoded(image.resize((8, 8)), "PNG")),
        "bomb.png": ("decompression bomb", png_claiming(_BOMB_SIDE, _BOMB_SIDE)),
        "hundred-megapixels.tif": ("more pixels than any camera of ours", _huge_tiff()),
        "sixteen-bit.png": ("16 bits a sample, grey", _encoded(_sixteen_bit(image), "PNG")),
        "sixteen-bit-colour.png": ("16 bits a sample, colour", _sixteen_bit_colour_png()),
        "sixteen-bit.tif": ("16 bits a sample, grey", _encoded(_sixteen_bit(image), "TIFF")),
        "cmyk.jpg": ("CMYK", _encoded(image.convert("CMYK"), "JPEG")),
        "cmyk.tif": ("CMYK", _encoded(image.convert("CMYK"), "TIFF", compression="tiff_lzw")),
        "animated.png": ("animated", _frames(image, "PNG")),
        "two-pages.tif": ("several pages", _frames(image, "TIFF")),
        "animated.gif.jpg": ("a GIF named .jpg", _frames(image.quantize(16), "GIF")),
        "other-format.webp.jpg": ("a WebP named .jpg", _encoded(image, "WEBP")),
    }
    directory.mkdir(parents=True, exist_ok=True)
    return [_written(directory / name, why, content) for name, (why, content) in contents.items()]


def make_odd_files(directory: Path, seed: int = 0) -> list[MadeFile]:
    """Write files that look odd but are good captures: other kinds of pixels, formats and names.

    Raises:
        OSError: `directory` cannot be written.
    """
    images = [_smear(seed + index) for index in range(9)]
    contents: dict[str, tuple[str, bytes]] = {
        "palette.png": ("palette", _encoded(images[0].quantize(256), "PNG")),
        "grey.jpg": ("greyscale", _encoded(images[1].convert("L"), "JPEG", quality=92)),
        "opaque-alpha.png": ("alpha channel", _encoded(images[2].convert("RGBA"), "PNG")),
        "plain.bmp": ("BMP", _encoded(images[3], "BMP")),
        "packed.tif": ("LZW TIFF", _encoded(images[4], "TIFF", compression="tiff_lzw")),
        "progressive.jpg": ("progressive JPEG", _encoded(images[5], "JPEG", progressive=True, quality=92)),
        "name with  spaces.jpg": ("spaces in its name", _encoded(images[6], "JPEG", quality=92)),
        "line\nbreak.jpg": ("line break in its name", _encoded(images[7], "JPEG", quality=92)),
        "мазок-血液-✓.jpg": ("non-Latin name", _encoded(images[8], "JPEG", quality=92)),
    }
    directory.mkdir(parents=True, exist_ok=True)
    return [_written(directory / name, why, content) for name, (why, content) in contents.items()]


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header claims `width` x `height` RGB pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _png(header, zlib.compress(bytes(100_000), 9))


def _sixteen_bit_colour_png() -> bytes:
    """16-bit RGB, which Pillow reads (as 8-bit, without a word) but does not write."""
    side = 64
    samples = np.linspace(0, 65_535, side * side * 3).astype(">u2").reshape(side, side * 3)
    rows = b"".join(b"\x00" + row.tobytes() for row in samples)
    return _png(struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0), zlib.compress(rows))


def _png(header: bytes, data: bytes) -> bytes:
    """Assemble signature, IHDR, IDAT and IEND (PNG, third edition, section 5)."""
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _huge_tiff() -> bytes:
    """A whole, valid file of 108 megapixels: a flat grey image packs to almost nothing."""
    return _encoded(Image.new("L", _HUNDRED_MEGAPIXELS, 200), "TIFF", compression="tiff_adobe_deflate")


def _sixteen_bit(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)


def _frames(image: Image.Image, image_format: str) -> bytes:
    turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _encoded(image, image_format, save_all=True, append_images=[turned])


def _smear(seed: int) -> Image.Image:
    label: SmearLabel = "all" if seed % 2 else "not_all"
    return Image.fromarray(make_field(seed, draw_field(seed, label, width=_SIZE[0], height=_SIZE[1])).image)


def _encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _written(path: Path, why: str, content: bytes) -> MadeFile:
    path.write_bytes(content)
    return MadeFile(path, why)
