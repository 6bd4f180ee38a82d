"""Sheets of images, such as the paper's Figure 7: samples and what augmentation makes of them."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cloud_service.ml.figures.style import PAGE, in_style, png_of

_LABEL_WIDTH: Final = 0.55  # inches, left of the images
_GAP: Final = 0.04  # of an image's side


def draw_sheet(rows: Mapping[str, NDArray[np.uint8]], columns: Sequence[str] = ()) -> bytes:
    """Images in rows with a title each, as PNG.

    Args:
        rows: title of a row → its images (N, S, S, 3) uint8, RGB; one row or more, of the same N.
        columns: titles above the columns, N of them or none.
    """
    count = max(len(images) for images in rows.values())
    side = (PAGE - _LABEL_WIDTH) / count
    with in_style():
        figure = Figure(figsize=(PAGE, side * len(rows) * (1 + _GAP) + (0.25 if columns else 0.05)))
        figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=_GAP, hspace=_GAP)
        grid = figure.subplots(len(rows), count, squeeze=False)
        for line, (title, images) in zip(grid, rows.items(), strict=True):
            for axes, image in zip(line, images, strict=True):
                _image(axes, image)
            line[0].set_ylabel(title, fontweight="bold")
        for axes, title in zip(grid[0], columns, strict=False):
            axes.set_title(title, loc="center", fontweight="normal", fontsize=7.5)
        return png_of(figure)


def _image(axes: Axes, image: NDArray[np.uint8]) -> None:
    axes.imshow(image, interpolation="antialiased")
    axes.set_xticks(())
    axes.set_yticks(())
    axes.spines[:].set_visible(False)
