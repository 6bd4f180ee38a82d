"""Confusion matrices, as in the paper's Figure 8."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from cloud_service.ml.evaluation.confusion import Confusion
from cloud_service.ml.figures.style import BLUE, draw_panels

_NAMES: Final = ("not ALL", "ALL")
_SHADES: Final = LinearSegmentedColormap.from_list("shades", ["#eef4f9", BLUE])
_DARK_FROM: Final = 0.55  # share of a row from which on its cell wants light figures
_ON_LIGHT: Final = "#10202c"
_ON_DARK: Final = "#ffffff"


def draw_confusion(matrices: Mapping[str, Confusion]) -> bytes:
    """A panel for each matrix, as SVG: what is true down, what was predicted across, shaded by share of the row.

    Args:
        matrices: title of the panel → counts; one or more.
    """
    return draw_panels(list(matrices), lambda axes, title: _panel(axes, matrices[title]), height=2.3)


def _panel(axes: Axes, counts: Confusion) -> None:
    table = np.array([[counts.passes, counts.alarms], [counts.misses, counts.hits]])
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=_SHADES, vmin=0.0, vmax=1.0)
    for (row, column), count in np.ndenumerate(table):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{count}\n{share:.0%}",
            ha="center",
            va="center",
            color=_ON_DARK if share > _DARK_FROM else _ON_LIGHT,
            fontsize=9,
        )
    axes.set_xticks((0, 1), _NAMES)
    axes.set_yticks((0, 1), _NAMES, rotation=90, va="center")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
