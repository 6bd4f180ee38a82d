"""edge_agent.intake.taking: PNG, TIFF and BMP, which travel as PNG, and the time in an image's EXIF."""

import gc
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge_agent.intake.capture import CaptureTimeSource, PreparedCapture, Refusal
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes
from shared.imaging.assessment import assess
from shared.imaging.decode import open_image
from tests.support.edge_intake import encoded, field_image, taking

OWN_CASE: dict[str, Any] = {"unidentified": "own-case"}


def take(path: Path) -> PreparedCapture:
    taken = taking(**OWN_CASE).take(path)
    assert isinstance(taken, PreparedCapture), taken
    with taken.payload as payload:
        return replace(taken, payload=io.BytesIO(payload.read()))


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "BMP"])
def test_other_formats_travel_as_png(tmp_path: Path, image_format: str) -> None:
    path = tmp_path / f"a.{image_format.lower()}"
    path.write_bytes(encoded(field_image(), image_format))
    capture = take(path)
    payload = capture.payload.read()
    assert capture.media_type == "image/png"
    assert np.array_equal(np.asarray(open_image(payload)), np.asarray(field_image()))
    assert (capture.sha256, capture.byte_size) == (sha256_of_bytes(payload), len(payload))
    assert capture.original_sha256 == sha256_of_bytes(path.read_bytes())
    assert capture.quality == assess(field_image())


def test_one_picture_as_tiff_and_bmp_is_one_capture(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(encoded(field_image(), "TIFF", compression="tiff_lzw"))
    (tmp_path / "a.bmp").write_bytes(encoded(field_image(), "BMP"))
    tiff, bmp = take(tmp_path / "a.tif"), take(tmp_path / "a.bmp")
    assert tiff.sha256 == bmp.sha256
    assert tiff.original_sha256 != bmp.original_sha256


def test_time_in_the_exif_of_a_tiff_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    exif = {0x9003: "2021:06:01 12:00:00", 0x9011: "+02:00"}
    path.write_bytes(encoded(field_image(), "TIFF", tiffinfo={0x8769: exif}))
    capture = take(path)
    assert capture.captured_at_source is CaptureTimeSource.EXIF
    assert capture.captured_at == datetime(2021, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(("image_format", "options"), [("JPEG", {}), ("JPEG", {"dpi": (300, 300)}), ("PNG", {})])
def test_time_in_the_exif_counts(tmp_path: Path, image_format: str, options: dict[str, Any]) -> None:
    path = tmp_path / f"a.{image_format.lower()}"
    exif = Image.Exif()
    exif[0x010E] = "seen by Jane Doe"  # ImageDescription; Pillow writes none into a PNG that has the time alone
    exif.get_ifd(0x8769).update({0x9003: "2021:06:01 12:00:00", 0x9011: "+02:00"})
    path.write_bytes(encoded(field_image(), image_format, exif=exif, **options))
    capture = take(path)
    assert capture.captured_at == datetime(2021, 6, 1, 10, tzinfo=UTC)
    assert b"Jane" not in capture.payload.read()


def test_an_image_that_is_not_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither an open file, which would be a ResourceWarning, nor one with a name."""
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    path = tmp_path / "a.tif"
    path.write_bytes(encoded(field_image(), "TIFF", compression="tiff_lzw"))
    rules = taking(sidecar="required")
    assert isinstance(replace(rules, drafts=drafts).take(path), Refusal)
    path.write_bytes(path.read_bytes()[:-300])
    assert isinstance(replace(rules, drafts=drafts).take(path), Refusal)
    gc.collect()
    assert list(drafts.iterdir()) == []


def test_no_room_for_a_rewritten_image_is_transient(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(field_image(), "BMP"))
    with pytest.raises(TransientError, match="no room"):
        replace(taking(**OWN_CASE), drafts=tmp_path / "gone").take(path)
