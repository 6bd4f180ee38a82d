"""edge_agent.intake.rewriting: the same pixels, nothing else, and little memory."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge_agent.intake.rewriting import copy_png, rewrite_as_png
from shared.errors import TransientError, UnreadableImageError
from shared.imaging.assessment import assess
from shared.imaging.decode import ImageLimits, open_image, probe
from tests.support.edge_intake import encoded, field_image

ROOT = Path(__file__).resolve().parents[4]
LIMITS = ImageLimits()
FULL_FIELD = (2592, 1944)
MEGABYTE = 1_000_000


def rewritten(path: Path) -> tuple[bytes, Image.Image]:
    target = io.BytesIO()
    small = rewrite_as_png(path, probe(path), LIMITS, target)
    return target.getvalue(), small


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
@pytest.mark.parametrize("image_format", ["TIFF", "BMP"])
def test_pixels_stay_equal(tmp_path: Path, image_format: str, mode: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(field_image().convert(mode), image_format))
    payload, _ = rewritten(path)
    assert np.array_equal(np.asarray(open_image(payload)), np.asarray(open_image(path)))


def test_tags_are_gone(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x010E] = "DOE^JANE"  # ImageDescription
    tags.get_ifd(0x8825)[0x1D] = "1950:02:28"  # GPSDateStamp
    path = tmp_path / "a.tif"
    path.write_bytes(encoded(field_image(), "TIFF", exif=tags, software="DOE^JANE"))
    assert path.read_bytes().count(b"DOE^JANE") == 2
    payload, _ = rewritten(path)
    assert b"DOE" not in payload
    with Image.open(io.BytesIO(payload)) as image:
        image.load()
        assert image.info == {}


@pytest.mark.parametrize("size", [(1500, 1349), (900, 1500), (449, 448)])
def test_quality_is_measured_as_on_the_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(field_image(size=size), "BMP"))
    _, small = rewritten(path)
    assert assess(small, file_size=size) == assess(open_image(path))


def test_a_png_is_copied_but_for_its_metadata(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x010E] = "DOE^JANE"  # ImageDescription
    image, size = field_image(size=(900, 1500)), (900, 1500)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(image, "PNG", exif=tags))
    target = io.BytesIO()
    small = copy_png(path, probe(path), LIMITS, target)
    assert target.getvalue() == encoded(image, "PNG")
    assert assess(small, file_size=size) == assess(image)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(encoded(field_image(), "TIFF")[:-200])
    with pytest.raises(UnreadableImageError):
        rewritten(path)


def test_a_full_disk_is_transient(tmp_path: Path) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(field_image(), "BMP"))
    with pytest.raises(TransientError, match="No space left"):
        rewrite_as_png(path, probe(path), LIMITS, FullDisk())


GROWTH = """
import resource, sys
from pathlib import Path
from tests.support.edge_intake import encoded, field_image, taking
rules = taking(None, unidentified="own-case")
small, large = map(Path, sys.argv[1:])
rules.take(small).payload.close()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rules.take(large).payload.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a process's largest size in kilobytes")
@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("PNG", {"compress_level": 1}),
    ],
)
def test_a_full_field_never_stands_in_memory(tmp_path: Path, image_format: str, options: dict[str, Any]) -> None:
    """Decoded it has 20 MB, and its file and its PNG up to 15 MB each."""
    noise = np.random.default_rng(0).integers(0, 255, (FULL_FIELD[1], FULL_FIELD[0], 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large", image_format, **options)
    (tmp_path / "small").write_bytes(encoded(field_image(), "BMP"))
    command = [sys.executable, "-c", GROWTH, str(tmp_path / "small"), str(tmp_path / "large")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert 1024 * int(done.stdout) < 10 * MEGABYTE
