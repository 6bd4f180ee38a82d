"""The time at which a camera says that it took an image."""

import struct
from datetime import UTC, datetime, timedelta, timezone

from PIL import Image
from PIL.ExifTags import IFD, Base

# What Pillow lets through on damaged EXIF; the time is then taken from elsewhere, and the EXIF is dropped anyway.
_DAMAGE = (OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, struct.error, UserWarning)


def exif_time(image: Image.Image) -> datetime | None:
    """DateTimeOriginal (Exif 3.0, 4.6.6.6.3) with OffsetTimeOriginal; without an offset this workstation's zone counts.

    Returns:
        The time in UTC; None where there is none or it makes no sense.
    """
    try:
        tags = image.getexif().get_ifd(IFD.Exif)
        original, offset = tags.get(Base.DateTimeOriginal), tags.get(Base.OffsetTimeOriginal)
        if original is None:
            return None
        time = datetime.strptime(str(original).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
        return time.replace(tzinfo=_zone(offset)).astimezone(UTC)
    except _DAMAGE:
        return None


def _zone(offset: object) -> timezone | None:
    """The zone of an offset such as "+02:00"; None stands for this workstation's."""
    text = str(offset or "").strip("\0 ")
    if not text:
        return None
    hours, minutes = text[1:].split(":")
    shift = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-shift if text[0] == "-" else shift)
