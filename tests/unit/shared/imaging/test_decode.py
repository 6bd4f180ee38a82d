"""What opens, what is refused and why; each refusal names its reason."""

import io
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.synthetic.bad_files import make_bad_files, make_odd_files, png_claiming
from shared.errors import UnreadableImageError
from shared.imaging.decode import PIXEL_CEILING, ImageLimits, open_image, probe
from shared.vocabulary import RefusalKind

REASONS = {
    "empty.jpg": ("empty", RefusalKind.EMPTY),
    "truncated.jpg": ("cannot be decoded to its end", RefusalKind.DAMAGED),
    "truncated.png": ("cannot be decoded to its end", RefusalKind.DAMAGED),
    "text.jpg": ("text", RefusalKind.NOT_AN_IMAGE),
    "noise.jpg": ("not an image", RefusalKind.NOT_AN_IMAGE),
    "no-pixels.png": ("0 pixels", RefusalKind.DAMAGED),
    "tiny.png": ("8 x 8", RefusalKind.TOO_SMALL),
    "bomb.png": ("decompression bomb", RefusalKind.TOO_LARGE),
    "hundred-megapixels.tif": ("claims more than", RefusalKind.TOO_LARGE),
    "sixteen-bit.png": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "sixteen-bit-colour.png": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "sixteen-bit.tif": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "cmyk.jpg": ("CMYK", RefusalKind.OTHER_PIXELS),
    "cmyk.tif": ("CMYK", RefusalKind.OTHER_PIXELS),
    "animated.png": ("2 frames", RefusalKind.SEVERAL_IMAGES),
    "two-pages.tif": ("2 frames", RefusalKind.SEVERAL_IMAGES),
    "animated.gif.jpg": ("a GIF", RefusalKind.OTHER_FORMAT),
    "other-format.webp.jpg": ("a WebP", RefusalKind.OTHER_FORMAT),
}


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def picture(width: int = 160, height: int = 120) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((width, height))


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    assert {made.path.name for made in make_bad_files(folder)} == set(REASONS)
    return folder


@pytest.mark.parametrize("name", REASONS)
@pytest.mark.parametrize("as_bytes", [False, True], ids=["path", "bytes"])
def test_bad_file_is_refused_with_its_reason(bad_folder: Path, name: str, *, as_bytes: bool) -> None:
    path = bad_folder / name
    words, kind = REASONS[name]
    with pytest.raises(UnreadableImageError, match=words) as refused:
        open_image(path.read_bytes() if as_bytes else path)
    assert refused.value.kind is kind


@pytest.mark.parametrize("name", sorted(set(REASONS) - {"truncated.jpg", "truncated.png"}))
def test_header_alone_is_enough_to_refuse(bad_folder: Path, name: str) -> None:
    words, kind = REASONS[name]
    with pytest.raises(UnreadableImageError, match=words) as refused:
        probe(bad_folder / name)
    assert refused.value.kind is kind


@pytest.mark.parametrize("name", ["bomb.png", "hundred-megapixels.tif"])
def test_huge_image_is_refused_without_decoding_it(bad_folder: Path, name: str) -> None:
    content = (bad_folder / name).read_bytes()
    tracemalloc.start()
    with pytest.raises(UnreadableImageError):
        open_image(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_pixels_between_our_limit_and_the_ceiling_of_pillow() -> None:
    with pytest.raises(UnreadableImageError, match=r"8000 x 8000 pixels, more than the 50,000,000 allowed"):
        probe(png_claiming(8000, 8000))
    with pytest.raises(UnreadableImageError, match="claims more than"):
        probe(png_claiming(10_000, 10_000))  # where Pillow only warns


def test_odd_but_good_files_become_rgb(tmp_path: Path) -> None:
    for made in make_odd_files(tmp_path):
        image = open_image(made.path)
        assert (image.mode, image.size) == ("RGB", (640, 480)), made.why


def test_greyscale_and_alpha_keep_their_values() -> None:
    grey = picture().convert("L")
    np.testing.assert_array_equal(np.asarray(open_image(encoded(grey, "PNG")))[..., 1], np.asarray(grey))
    clear = picture()
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    np.testing.assert_array_equal(np.asarray(open_image(encoded(clear, "PNG"))), np.asarray(picture()))


def test_palette_with_transparency_opens_without_a_warning() -> None:
    content = encoded(picture().quantize(16), "PNG", transparency=bytes([0, 128] + [255] * 14))
    assert open_image(content).mode == "RGB"


def test_orientation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert open_image(encoded(picture(), "JPEG", exif=exif)).size == (160, 120)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF"])
def test_metadata_is_dropped_and_the_pixels_outlive_the_file(image_format: str, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(encoded(picture(), image_format, icc_profile=b"profile of A. Patient", dpi=(300, 300)))
    image = open_image(path)
    path.unlink()
    assert image.info == {}
    assert b"Patient" not in encoded(image, "PNG")
    assert image.resize((10, 10)).getpixel((5, 5)) != (0, 0, 0)


def test_probe_reads_the_header() -> None:
    info = probe(encoded(picture(), "TIFF"))
    assert (info.media_type, info.width, info.height, info.format, info.frames, info.mode) == (
        "image/tiff",
        160,
        120,
        "TIFF",
        1,
        "RGB",
    )


@pytest.mark.parametrize(
    ("size", "edge", "decoded"),
    [((1600, 1200), 448, (800, 600)), ((1600, 1200), 100, (200, 150)), ((640, 480), 448, (640, 480))],
)
def test_draft_keeps_the_shorter_side(size: tuple[int, int], edge: int, decoded: tuple[int, int]) -> None:
    assert open_image(encoded(picture(*size), "JPEG"), draft_edge=edge).size == decoded


def test_file_over_the_limit_of_bytes() -> None:
    with pytest.raises(UnreadableImageError, match="more than the 1,000 allowed"):
        probe(encoded(picture(), "BMP"), ImageLimits(max_bytes=1000))


def test_limits_never_rise_above_the_ceiling_of_pillow() -> None:
    with pytest.raises(ValueError, match="max_pixels"):
        ImageLimits(max_pixels=PIXEL_CEILING + 1)


def test_file_system_errors_are_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "vanished.jpg")
    with pytest.raises(IsADirectoryError):
        open_image(tmp_path)


@pytest.mark.parametrize("image_format", ["JPEG", "BMP", "TIFF"])
def test_no_cut_of_a_file_opens(image_format: str) -> None:
    content = encoded(picture(), image_format)
    for length in [*range(0, len(content), len(content) // 60), len(content) - 1]:
        with pytest.raises(UnreadableImageError):
            open_image(content[:length])


def test_png_cut_within_its_pixels_does_not_open() -> None:
    content = encoded(picture(), "PNG")
    for length in range(0, len(content) - 200, len(content) // 60):
        with pytest.raises(UnreadableImageError):
            open_image(content[:length])


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "TIFF"])
def test_flipped_bytes_open_or_are_refused_and_nothing_else(image_format: str) -> None:
    content, rng = encoded(picture(), image_format), random.Random(5)
    modes, reasons = set(), []
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[rng.randrange(rng.choice((64, 256, len(damaged))))] = rng.randrange(256)
        try:
            modes.add(open_image(bytes(damaged)).mode)
        except UnreadableImageError as error:
            reasons.append(str(error))
    assert modes <= {"RGB"}
    assert reasons
    assert all(reasons)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7" + bytes(100), "a PDF"),
        (bytes(128) + b"DICM" + bytes(100), "a DICOM object"),
        (b"II+\x00" + bytes(100), "a BigTIFF"),
    ],
)
def test_foreign_files_are_named(content: bytes, name: str) -> None:
    with pytest.raises(UnreadableImageError, match=name):
        probe(content)
