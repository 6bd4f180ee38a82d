"""The time at which a camera says that it took an image."""

import struct
from datetime import UTC, datetime, timedelta, timezone

from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.PngImagePlugin import PngImageFile

from shared.imaging.png import chunks

# What Pillow lets through on damaged EXIF; the time is then taken from elsewhere, and the EXIF is dropped anyway.
_DAMAGE = (OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, struct.error, UserWarning)


def exif_time(image: Image.Image) -> datetime | None:
    """DateTimeOriginal (Exif 3.0, 4.6.6.6.3) with OffsetTimeOriginal; without an offset this workstation's zone counts.

    Args:
        image: as it was opened; a decoded copy has no metadata any more.

    Returns:
        The time in UTC; None where there is none or it makes no sense.

    Raises:
        UnreadableImageError: a PNG ends before its end chunk.
    """
    try:
        tags = _exif(image).get_ifd(IFD.Exif)
        original, offset = tags.get(Base.DateTimeOriginal), tags.get(Base.OffsetTimeOriginal)
        if original is None:
            return None
        time = datetime.strptime(str(original).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
        return time.replace(tzinfo=_zone(offset)).astimezone(UTC)
    except _DAMAGE:
        return None


def _exif(image: Image.Image) -> Image.Exif:
    """Of a PNG whose rows are not decoded; Pillow would do that, to see whether EXIF follows them."""
    if not isinstance(image, PngImageFile) or image.fp is None:
        return image.getexif()
    exif = Image.Exif()
    for kind, begin, length in chunks(image.fp):
        if kind == b"eXIf":
            image.fp.seek(begin)
            exif.load(b"Exif\0\0" + image.fp.read(length))
    return exif


def _zone(offset: object) -> timezone | None:
    """The zone of an offset such as "+02:00"; None stands for this workstation's."""
    text = str(offset or "").strip("\0 ")
    if not text:
        return None
    hours, minutes = text[1:].split(":")
    shift = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-shift if text[0] == "-" else shift)
