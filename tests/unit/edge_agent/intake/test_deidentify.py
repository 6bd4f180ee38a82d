"""edge_agent.intake.deidentify: no trace of what was planted, and the same pixels."""

import io
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from edge_agent.intake.deidentify import scrub_jpeg, scrub_png
from shared.errors import UnreadableImageError
from shared.imaging.decode import open_image
from tests.support.edge_intake import encoded, field_image, jpeg, jpeg_segment, png_chunk

PLANTED = b"DOE^JANE 1950-02-29"

planted = st.binary(min_size=8, max_size=300).map(lambda noise: PLANTED + noise)
# APP1 (EXIF, XMP), APP3 to APP13, APP15, comments, and APP0/2/14 that are not what their marker usually holds
segments = st.lists(
    st.builds(
        jpeg_segment,
        st.sampled_from([*range(0xE0, 0xF0), 0xFE]),
        st.builds(bytes.__add__, st.sampled_from([b"", b"Exif\0\0", b"JFXX\0", b"MPF\0", b"Photoshop 3.0\0"]), planted),
    ),
    max_size=6,
)
chunks = st.lists(
    st.builds(png_chunk, st.sampled_from([b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"pHYs", b"prVt"]), planted),
    max_size=6,
)


def scrubbed(data: bytes) -> bytes:
    return scrub_jpeg(data) if data.startswith(b"\xff\xd8") else b"".join(scrub_png(io.BytesIO(data)))


def assert_same_pixels(left: bytes, right: bytes) -> None:
    assert np.array_equal(np.asarray(open_image(left)), np.asarray(open_image(right)))


@given(segments, segments, st.binary(max_size=50), st.sampled_from([{}, {"progressive": True}]))
@settings(max_examples=60, deadline=None)
def test_jpeg_loses_all_planted_segments(
    before: list[bytes], after: list[bytes], trailer: bytes, options: dict[str, Any]
) -> None:
    clean = encoded(field_image(), "JPEG", **options)
    position = 2 + 2 + int.from_bytes(clean[4:6], "big")  # behind SOI and JFIF
    dirty = clean[:2] + b"".join(before) + clean[2:position] + b"".join(after) + clean[position:] + PLANTED + trailer
    assert scrub_jpeg(dirty) == clean


@given(chunks, st.binary(max_size=50))
@settings(max_examples=60, deadline=None)
def test_png_loses_all_planted_chunks(planted_chunks: list[bytes], trailer: bytes) -> None:
    clean = encoded(field_image(), "PNG")
    header_end = 8 + 25
    dirty = clean[:header_end] + b"".join(planted_chunks) + clean[header_end:] + PLANTED + trailer
    assert scrubbed(dirty) == clean


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E] = PLANTED.decode()  # ImageDescription
    tags.get_ifd(0x8825)[0x1D] = "1950:02:28"  # GPSDateStamp
    tags.get_ifd(0x8769)[0x9286] = PLANTED  # UserComment
    return tags


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_metadata_as_programs_write_it_is_gone(image_format: str) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Patient", PLANTED.decode(), zip=False)
    all_options: dict[str, dict[str, Any]] = {
        "JPEG": {"comment": PLANTED, "xmp": b"<x:xmpmeta>" + PLANTED},
        "PNG": {"pnginfo": text},
    }
    data = encoded(field_image(), image_format, exif=exif(), **all_options[image_format])
    assert PLANTED in data
    payload = scrubbed(data)
    assert PLANTED not in payload
    assert b"1950:02:28" not in payload
    assert_same_pixels(data, payload)
    with Image.open(io.BytesIO(payload)) as image:
        assert not image.getexif()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_pixels_of_a_png_stay_equal(mode: str) -> None:
    data = encoded(field_image().convert(mode), "PNG")
    assert_same_pixels(data, scrubbed(data))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 100}, {"dpi": (9, 9)}])
def test_clean_jpeg_stays_the_same_to_the_last_byte(options: dict[str, Any]) -> None:
    data = encoded(field_image(), "JPEG", **options)
    assert scrubbed(data) == data


def test_clean_png_stays_the_same_to_the_last_byte() -> None:
    data = encoded(field_image(), "PNG")
    assert scrubbed(data) == data


def test_jpeg_with_restart_markers_keeps_its_coded_data() -> None:
    data = encoded(field_image(), "JPEG", restart_marker_blocks=2)
    assert b"\xff\xd3" in data
    assert scrubbed(data) == data


def test_thumbnail_within_jfif_is_cut_out() -> None:
    clean = jpeg()
    end = 4 + int.from_bytes(clean[4:6], "big")
    with_thumbnail = jpeg_segment(0xE0, clean[6:18] + b"\x02\x01" + b"PIXELS")
    assert scrubbed(clean[:2] + with_thumbnail + clean[end:]) == clean


def test_what_decoding_needs_is_kept() -> None:
    clean = jpeg()
    adobe = jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01")
    profile = jpeg_segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"p" * 40)
    dirty = clean[:2] + adobe[:2] + (len(adobe) - 2 + len(PLANTED)).to_bytes(2, "big") + adobe[4:] + PLANTED
    payload = scrubbed(dirty + profile + clean[2:])
    assert payload == clean[:2] + adobe + profile + clean[2:]


def test_name_of_a_png_profile_is_replaced() -> None:
    clean = encoded(field_image(), "PNG")
    chunk = png_chunk(b"iCCP", PLANTED + b"\0\0" + zlib.compress(b"profile"))
    payload = scrubbed(clean[:33] + chunk + clean[33:])
    assert PLANTED not in payload
    assert png_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(b"profile")) in payload


def test_damaged_containers_are_refused() -> None:
    with pytest.raises(UnreadableImageError, match="beyond the file's end"):
        scrub_jpeg(jpeg()[:2] + b"\xff\xe1\xff\xff")
    with pytest.raises(UnreadableImageError, match="beyond the file's end"):
        scrubbed(encoded(field_image(), "PNG")[:60])
