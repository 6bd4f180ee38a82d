"""The only way by which an image that Smearflow did not make itself is opened.

Limits are checked on the header, before a pixel is decoded. What comes out is always 8-bit RGB:

- greyscale and palette images are converted; an alpha channel is dropped, so the colours stand as recorded;
- colour profiles, gamma chunks and the EXIF orientation are *not* applied. A microscope camera has no "up",
  the metadata does not travel with a capture, and the pixels that a person reviews must be those that the
  model saw.
"""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from shared.errors import UnreadableImageError
from shared.imaging.refusal import unidentified
from shared.vocabulary import RefusalKind

# Pillow only *warns* between once and twice its own ceiling of pixels. This makes it an error for the whole
# process, once, at import: `warnings.catch_warnings` around each call would race between threads.
warnings.simplefilter("error", Image.DecompressionBombWarning)

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
"""How the names of readable images end, in lower case."""

PIXEL_CEILING = 89_478_485
"""Pillow's own ceiling of pixels (its default MAX_IMAGE_PIXELS); ours may lie below it, never above."""

CONVERTIBLE_MODES = frozenset({"L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr"})
"""Pillow modes of 8 bits a sample that have one meaning as RGB."""

_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What Pillow's plug-ins let through on damaged bytes; found by flipping and cutting files of all four formats.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
    UserWarning,  # its grumble about metadata, where the process turns warnings into errors
)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an image may be at most and must be at least.

    Attributes:
        max_pixels: width x height, at most `PIXEL_CEILING`.
        max_bytes: size of the file.
        min_side: width and height, in pixels.
        formats: Pillow's names of the formats that are tried.
    """

    max_pixels: int = 50_000_000
    max_bytes: int = 64 * 1024 * 1024
    min_side: int = 32
    formats: tuple[str, ...] = ("JPEG", "PNG", "TIFF", "BMP")

    def __post_init__(self) -> None:
        if not 0 < self.max_pixels <= PIXEL_CEILING:
            raise ValueError(f"max_pixels is {self.max_pixels}; it must lie between 1 and {PIXEL_CEILING}")


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What an image's header says.

    Attributes:
        media_type: such as "image/jpeg".
        width: in pixels.
        height: in pixels.
        format: Pillow's name, one of `ImageLimits.formats`.
        frames: always 1, as others are refused.
        mode: Pillow's mode *before* the conversion to RGB.
    """

    media_type: str
    width: int
    height: int
    format: str
    frames: int
    mode: str

    @classmethod
    def of(cls, image: ImageFile.ImageFile) -> "ImageInfo":
        """What the header of an image says that was `opened`."""
        return cls(
            media_type=Image.MIME[str(image.format)],
            width=image.width,
            height=image.height,
            format=str(image.format),
            frames=1,
            mode=image.mode,
        )


def probe(source: bytes | Path, limits: ImageLimits = DEFAULT_LIMITS) -> ImageInfo:
    """Read the header alone and check it against `limits`.

    Raises:
        UnreadableImageError: the bytes are no image within the limits; the text is the reason for a person.
        OSError: the file at `source` cannot be opened or read (vanished, not permitted, a folder).
    """
    with opened(source, limits) as image:
        return ImageInfo.of(image)


def open_image(
    source: bytes | Path, limits: ImageLimits = DEFAULT_LIMITS, *, draft_edge: int | None = None
) -> Image.Image:
    """Decode one image to 8-bit RGB, wholly in memory, its file closed and its metadata dropped.

    Args:
        source: the file's bytes or its path.
        limits: checked on the header, before decoding.
        draft_edge: lets the JPEG decoder halve the image up to three times, as long as the shorter side stays
            at least this many pixels. Other formats ignore it.

    Raises:
        UnreadableImageError: the bytes are no image within the limits, or they are damaged or cut short.
        OSError: the file at `source` cannot be opened or read (vanished, not permitted, a folder).
    """
    with opened(source, limits) as image:
        if draft_edge is not None:
            image.draft("RGB", (draft_edge, draft_edge))
        with damage_as_reason(f"the {image.format} image cannot be decoded to its end"):
            image.load()
            rgb = to_rgb(image)
    rgb.info = {}  # comments, profiles and EXIF must not travel with a copy that is saved from here
    return rgb


def to_rgb(image: Image.Image) -> Image.Image:
    """An image of one of `CONVERTIBLE_MODES` as RGB: itself, where it is that already."""
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # straight to RGB, Pillow warns that the transparency is lost
    return image if image.mode == "RGB" else image.convert("RGB")


@contextmanager
def opened(source: bytes | Path, limits: ImageLimits) -> Iterator[ImageFile.ImageFile]:
    """Yield the image with its header read and checked against `limits`, no pixel decoded; it is closed afterwards.

    Raises:
        UnreadableImageError: the bytes are no image within the limits.
        OSError: the file at `source` cannot be opened or read.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        head = _check_bytes(file, limits)
        try:
            with damage_as_reason("the image's header is damaged"):
                image = Image.open(file, formats=limits.formats)
        except UnreadableImageError as error:
            if isinstance(error.__cause__, UnidentifiedImageError):
                raise unidentified(head) from error.__cause__
            raise
        with image:
            _check_header(image, head, limits)
            yield image


def _check_bytes(file: BinaryIO, limits: ImageLimits) -> bytes:
    """Check the size; return the first 256 bytes."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size == 0:
        raise UnreadableImageError("the file is empty (0 bytes): save or copy it again", RefusalKind.EMPTY)
    if size > limits.max_bytes:
        raise UnreadableImageError(
            f"the file has {size:,} bytes, more than the {limits.max_bytes:,} allowed: save it as JPEG or PNG",
            RefusalKind.TOO_LARGE,
        )
    return file.read(256)


def _check_header(image: ImageFile.ImageFile, head: bytes, limits: ImageLimits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise UnreadableImageError(
            f"the image has {width} x {height} pixels, more than the {limits.max_pixels:,} allowed: "
            "save it at the camera's own size",
            RefusalKind.TOO_LARGE,
        )
    if min(width, height) < limits.min_side:
        raise UnreadableImageError(
            f"the image has {width} x {height} pixels; each side needs at least {limits.min_side}",
            RefusalKind.TOO_SMALL,
        )
    with damage_as_reason("the image's list of frames is damaged"):
        frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        raise UnreadableImageError(
            f"the file holds {frames} frames (an animation or several pages): save each capture as its own file",
            RefusalKind.SEVERAL_IMAGES,
        )
    bits = _bits_a_sample(image, head)
    if bits > 8:  # noqa: PLR2004 - bits of a byte
        raise UnreadableImageError(
            f"the image has {bits} bits a sample: set the camera to 8 bits and save again", RefusalKind.OTHER_PIXELS
        )
    _check_mode(image.mode)


def _check_mode(mode: str) -> None:
    if mode == "CMYK":
        raise UnreadableImageError(
            "the image is in CMYK, the colours of a printer: save it as RGB", RefusalKind.OTHER_PIXELS
        )
    if mode not in CONVERTIBLE_MODES:
        raise UnreadableImageError(
            f"the image's pixels are of the kind {mode!r}: save it as RGB with 8 bits a sample",
            RefusalKind.OTHER_PIXELS,
        )


def _bits_a_sample(image: ImageFile.ImageFile, head: bytes) -> int:
    """Bits a sample as *stored*; Pillow itself silently cuts 16-bit RGB down to 8."""
    if image.format == "PNG":
        # PNG (third edition) 5.6 and 11.2.1: IHDR comes first; after its name stand width, height and bit depth
        if head[12:16] != b"IHDR":
            raise UnreadableImageError("the PNG does not begin with its header (IHDR): save it again")
        return head[24]
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # TIFF 6.0 section 8: BitsPerSample, 1 where absent
        bits: tuple[int, ...] = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        return max(bits)
    return 8  # BMP has no more, and Pillow opens no JPEG of another precision


@contextmanager
def damage_as_reason(what: str) -> Iterator[None]:
    """Turn Pillow's errors on damaged bytes into a reason; errors of the file system pass through."""
    try:
        yield
    except _BOMB as error:
        raise UnreadableImageError(
            f"the header claims more than {PIXEL_CEILING:,} pixels, which no camera here takes (a decompression bomb, "
            "or a wrong size): save the image at the camera's own size",
            RefusalKind.TOO_LARGE,
        ) from error
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UnreadableImageError(f"{what}: {str(error) or type(error).__name__}; copy it again") from error
