"""edge_agent.intake.png_writer: any reader gets the same pixels back, and the division into bands does not show."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from edge_agent.intake.png_writer import PngWriter, Rows

images = arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))


def written(image: Rows, rows: int) -> bytes:
    target = io.BytesIO()
    png = PngWriter(target, width=image.shape[1], height=image.shape[0])
    for top in range(0, len(image), rows):
        png.write(image[top : top + rows])
    png.finish()
    return target.getvalue()


@given(images, st.integers(1, 41))
@settings(deadline=None)
def test_pixels_come_back_however_they_were_divided(image: Rows, rows: int) -> None:
    data = written(image, rows)
    with Image.open(io.BytesIO(data)) as read:
        assert (read.format, read.mode) == ("PNG", "RGB")
        assert np.array_equal(np.asarray(read), image)
    assert pixel_data(data) == pixel_data(written(image, len(image)))


def pixel_data(png: bytes) -> bytes:
    """What its IDAT chunks hold together (PNG third edition 5.3)."""
    position, held = 8, b""
    while position < len(png):
        end = position + 8 + int.from_bytes(png[position : position + 4], "big")
        if png[position + 4 : position + 8] == b"IDAT":
            held += png[position + 8 : end]
        position = end + 4
    return held
