"""edge_agent.intake.exif."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge_agent.intake.exif import exif_time
from tests.support.edge_intake import encoded, field_image


def image_with(original: object, offset: object = None) -> Image.Image:
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x9003] = original
    if offset is not None:
        tags.get_ifd(0x8769)[0x9011] = offset
    return Image.open(io.BytesIO(encoded(field_image(), "JPEG", exif=tags, dpi=(300, 300))))


@pytest.mark.parametrize(("offset", "hour"), [("+02:00", 10), ("-03:30", 15), ("+00:00", 12)])
def test_time_with_offset(offset: str, hour: int) -> None:
    time = exif_time(image_with("2026:03:04 12:00:00", offset))
    assert time is not None
    assert (time.hour, time.tzinfo) == (hour, UTC)


def test_time_without_offset_is_local() -> None:
    local = datetime(2026, 3, 4, 12).astimezone()
    assert exif_time(image_with("2026:03:04 12:00:00")) == local


@pytest.mark.parametrize(
    ("original", "offset"),
    [("0000:00:00 00:00:00", None), ("yesterday", None), ("2026:03:04 12:00:00", "east"), ("", None)],
)
def test_nonsense_is_no_time(original: str, offset: str | None) -> None:
    assert exif_time(image_with(original, offset)) is None


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_damaged_exif_never_raises(noise: bytes) -> None:
    with Image.open(io.BytesIO(encoded(field_image(), "JPEG"))) as image:
        image.info["exif"] = b"Exif\0\0II*\0\x08\0\0\0" + noise
        assert exif_time(image) is None
