"""shared.imaging.bands: the same pixels as by decoding the whole, and never the whole where it can be cut."""

import io
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COMPRESSION,
    IMAGELENGTH,
    IMAGEWIDTH,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLESPERPIXEL,
    TILEBYTECOUNTS,
    TILELENGTH,
    TILEOFFSETS,
    TILEWIDTH,
    ImageFileDirectory_v2,
)

import shared.imaging.bands
from shared.errors import UnreadableImageError
from shared.imaging.bands import read_bands
from shared.imaging.decode import ImageLimits, open_image
from tests.support.edge_intake import png_chunk

WIDTH, HEIGHT = 150, 203


def picture(mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    return Image.fromarray(noise).resize((WIDTH, HEIGHT)).convert(mode)


def saved(path: Path, image_format: str, mode: str = "RGB", **options: Any) -> Path:
    picture(mode).save(path, image_format, **options)
    return path


def tiled_tiff(side: int, *, planes: int = 1) -> bytes:
    """An uncompressed TIFF of square tiles, which Pillow reads but does not write."""
    padded = np.zeros((-(-HEIGHT // side) * side, -(-WIDTH // side) * side, 3), np.uint8)
    padded[:HEIGHT, :WIDTH] = np.asarray(picture())
    split = [padded] if planes == 1 else [padded[..., plane] for plane in range(planes)]
    tiles = [
        plane[top : top + side, left : left + side].tobytes()
        for plane in split
        for top in range(0, padded.shape[0], side)
        for left in range(0, padded.shape[1], side)
    ]
    directory = ImageFileDirectory_v2()
    directory[IMAGEWIDTH], directory[IMAGELENGTH], directory[SAMPLESPERPIXEL] = WIDTH, HEIGHT, 3
    directory[BITSPERSAMPLE], directory[COMPRESSION], directory[PHOTOMETRIC_INTERPRETATION] = (8, 8, 8), 1, 2
    directory[TILEWIDTH], directory[TILELENGTH], directory[PLANAR_CONFIGURATION] = side, side, 1 if planes == 1 else 2
    directory[TILEBYTECOUNTS] = tuple(map(len, tiles))
    directory[TILEOFFSETS] = tuple(8 + sum(map(len, tiles[:index])) for index in range(len(tiles)))
    coded = b"".join(tiles)
    return b"II*\0" + struct.pack("<I", 8 + len(coded)) + coded + directory.tobytes(8 + len(coded))


@pytest.fixture
def decoded_whole(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were decoded as a whole."""
    seen: list[Path] = []

    def watch(source: bytes | Path, limits: ImageLimits) -> Image.Image:
        if isinstance(source, Path):
            seen.append(source)
        return open_image(source, limits)

    monkeypatch.setattr(shared.imaging.bands, "open_image", watch)
    return seen


def assert_same_pixels(path: Path, rows: int = 50) -> None:
    bands = [np.asarray(band) for band in read_bands(path, rows=rows)]
    assert {len(band) for band in bands[:-1]} <= {rows}
    assert np.array_equal(np.concatenate(bands), np.asarray(open_image(path)))


@pytest.mark.parametrize("strip", [100, 5_000, 10**9], ids=["one row", "eleven rows", "one strip"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"])
def test_tiff_in_strips(
    tmp_path: Path,
    decoded_whole: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    compression: str | None,
    mode: str,
    strip: int,
) -> None:
    monkeypatch.setattr("PIL.TiffImagePlugin.STRIP_SIZE", strip)
    assert_same_pixels(saved(tmp_path / "a.tif", "TIFF", mode, compression=compression))
    assert decoded_whole == []


@pytest.mark.parametrize("prefix", [b"II", b"MM"])
def test_tiff_of_either_byte_order_with_a_predictor(tmp_path: Path, decoded_whole: list[Path], prefix: bytes) -> None:
    path = saved(tmp_path / "a.tif", "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    if prefix == b"MM":
        path.write_bytes(big_endian(path))
    assert path.read_bytes()[:2] == prefix
    assert_same_pixels(path)
    assert decoded_whole == []


def big_endian(path: Path) -> bytes:
    """The same TIFF with its numbers the other way round; its samples are bytes."""
    with Image.open(path) as image:
        tags = image.tag_v2  # type: ignore[attr-defined] # it is a TIFF
        data = path.read_bytes()
        strips = [data[at : at + size] for at, size in zip(tags[273], tags[279], strict=True)]
        directory = ImageFileDirectory_v2(b"MM\0*\0\0\0\x08")
        for tag in tags:
            directory[tag] = tags[tag]
        directory[273] = tuple(sum(map(len, strips[:index])) for index in range(len(strips)))
    target = io.BytesIO()
    directory.save(target)
    return target.getvalue() + b"".join(strips)


def test_tiff_coded_as_jpeg(tmp_path: Path, decoded_whole: list[Path]) -> None:
    assert_same_pixels(saved(tmp_path / "a.tif", "TIFF", compression="jpeg"))
    assert decoded_whole == []


@pytest.mark.parametrize("side", [16, 64, 256])
def test_tiff_in_tiles(tmp_path: Path, decoded_whole: list[Path], side: int) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiled_tiff(side))
    assert np.array_equal(np.asarray(open_image(path)), np.asarray(picture()))
    assert_same_pixels(path)
    assert decoded_whole == []


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_bmp(tmp_path: Path, decoded_whole: list[Path], mode: str) -> None:
    assert_same_pixels(saved(tmp_path / "a.bmp", "BMP", mode))
    assert decoded_whole == []


def test_bmp_from_the_top_downwards(tmp_path: Path, decoded_whole: list[Path]) -> None:
    data = bytearray(saved(tmp_path / "a.bmp", "BMP").read_bytes())
    struct.pack_into("<i", data, 22, -HEIGHT)
    (tmp_path / "a.bmp").write_bytes(data)
    assert_same_pixels(tmp_path / "a.bmp")
    assert decoded_whole == []


def test_bmp_of_os2(tmp_path: Path, decoded_whole: list[Path]) -> None:
    data = saved(tmp_path / "a.bmp", "BMP").read_bytes()
    header = struct.pack("<2sIIIIHHHH", b"BM", len(data), 0, 26, 12, WIDTH, HEIGHT, 1, 24)
    (tmp_path / "a.bmp").write_bytes(header + data[54:])
    assert_same_pixels(tmp_path / "a.bmp")
    assert decoded_whole == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_png(tmp_path: Path, decoded_whole: list[Path], mode: str) -> None:
    assert_same_pixels(saved(tmp_path / "a.png", "PNG", mode))
    assert decoded_whole == []


@pytest.mark.parametrize("filter_type", range(5))
def test_png_of_each_filter_in_chunks_of_any_size(tmp_path: Path, decoded_whole: list[Path], filter_type: int) -> None:
    noise = np.random.default_rng(filter_type).integers(0, 255, (HEIGHT, WIDTH * 3), np.uint8)
    coded = zlib.compress(b"".join(bytes([filter_type]) + row.tobytes() for row in noise))
    path = tmp_path / "a.png"
    path.write_bytes(png_of(coded, 0, [0, 1, 1, 7, 1000, 70_000, len(coded)]))
    assert_same_pixels(path)
    assert decoded_whole == []


def png_of(coded: bytes, interlaced: int, cuts: list[int]) -> bytes:
    """An RGB PNG with these image data, cut apart at these positions."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, interlaced)
    data = b"".join(png_chunk(b"IDAT", coded[begin:end]) for begin, end in pairwise(cuts))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data + png_chunk(b"IEND", b"")


def interlaced_png() -> bytes:
    """Which Pillow reads but does not write (PNG third edition 8.1: seven passes over ever more pixels)."""
    pixels = np.asarray(picture())
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = [row for left, top, right, down in passes for row in pixels[top::down, left::right]]
    coded = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return png_of(coded, 1, [0, len(coded)])


def test_what_cannot_be_cut_is_decoded_whole(tmp_path: Path, decoded_whole: list[Path]) -> None:
    (tmp_path / "interlaced.png").write_bytes(interlaced_png())
    assert np.array_equal(np.asarray(open_image(tmp_path / "interlaced.png")), np.asarray(picture()))
    (tmp_path / "planes.tif").write_bytes(tiled_tiff(64, planes=3))
    paths = [
        tmp_path / "planes.tif",
        saved(tmp_path / "turned.tif", "TIFF", tiffinfo={274: 6}),
        tmp_path / "interlaced.png",
        saved(tmp_path / "four bits.png", "PNG", "P", bits=4),
        saved(tmp_path / "a.jpg", "JPEG"),
    ]
    for path in paths:
        assert_same_pixels(path)
    assert decoded_whole == paths


def outcome(pixels: Callable[[], np.ndarray]) -> bytes | None:
    """The pixels; None where they are refused with a reason."""
    try:
        return pixels().tobytes()
    except UnreadableImageError:
        return None


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_files_fare_as_if_decoded_whole(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    image_format, options = data.draw(
        st.sampled_from([("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]), label="format"
    )
    content = bytearray(saved(path, image_format, **options).read_bytes())
    where = data.draw(st.sampled_from([slice(0, 200), slice(-200, None), slice(0, None)]), label="where")
    positions = range(len(content))[where]
    for _ in range(data.draw(st.integers(0, 4), label="bytes")):
        content[data.draw(st.sampled_from(positions))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), *positions]), label="length")])
    limits = ImageLimits(max_pixels=1_000_000)
    bands = outcome(lambda: np.concatenate([np.asarray(band) for band in read_bands(path, limits, rows=50)]))
    assert bands == outcome(lambda: np.asarray(open_image(path, limits)))
