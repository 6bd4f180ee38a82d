"""The one style of all figures.

Colours are those of Okabe and Ito (2008, "Color Universal Design"), which people with any kind of colour blindness tell
apart; lines differ in their dashes or markers as well. Widths are those of a journal's columns.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK: Final = "#1d2733"
"""Text and axes. Written to a file it becomes the colour of the surrounding text: light where the page is dark."""

MUTED: Final = "#8a949e"
"""Grid lines and references: visible on white and on near-black."""

BLUE: Final = "#0072b2"
VERMILLION: Final = "#d55e00"
GREEN: Final = "#009e73"
ORANGE: Final = "#e69f00"
PURPLE: Final = "#cc79a7"
SERIES: Final = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE)

COLUMN: Final = 3.5
"""Width of one column of a journal, inches."""

PAGE: Final = 7.2
"""Width of its two columns."""

_PANELS_ABREAST: Final = 3
_RC: Final[dict[Any, Any]] = {  # matplotlib types its own keys one by one
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "grid.color": MUTED,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "smearflow",  # the same figure gives the same bytes
}
_BLUE_IN_THE_DARK: Final = "#56b4e9"  # the palette's other blue; the first is too dim on near-black
_ADAPTS: Final = (
    f"<style>svg{{color:{INK}}}@media screen and (prefers-color-scheme:dark){{svg{{color:#dfe5eb}}"
    f'[style*="stroke: {BLUE}"]{{stroke:{_BLUE_IN_THE_DARK}!important}}'
    f'[style*="fill: {BLUE}"]{{fill:{_BLUE_IN_THE_DARK}!important}}}}</style>'
)


@contextmanager
def in_style() -> Iterator[None]:
    """Within it, matplotlib draws as all figures are drawn."""
    with mpl.rc_context(_RC):
        yield


def draw_panels(titles: list[str], panel: Callable[[Axes, str], None], *, height: float) -> bytes:
    """Panels with one title each, in rows of three at most, as an SVG file.

    Args:
        titles: one a panel, one or more; given back to `panel`.
        panel: draws into the axes.
        height: of a row, inches.
    """
    rows, abreast, width = arrangement(len(titles))
    with in_style():
        figure = Figure(figsize=(width, height * rows), layout="constrained")
        grid = figure.subplots(rows, abreast, squeeze=False)
        for axes, title in zip(grid.flat, titles, strict=False):
            axes.set_title(title)
            panel(axes, title)
        for axes in grid.flat[len(titles) :]:
            axes.set_axis_off()
        return svg_of(figure)


def arrangement(panels: int) -> tuple[int, int, float]:
    """Rows, panels in each, and the figure's width in inches; four panels stand two by two."""
    abreast = 2 if panels == 4 else min(panels, _PANELS_ABREAST)  # noqa: PLR2004 - two by two
    return -(-panels // abreast), abreast, COLUMN if abreast == 1 else PAGE * abreast / _PANELS_ABREAST


def svg_of(figure: Figure) -> bytes:
    """The figure as an SVG file that stands by itself and follows the reader's choice of light or dark."""
    buffer = io.StringIO()
    with in_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue().replace(INK, "currentColor")
    head, opening, rest = drawn.partition("<svg")
    tag, closing, body = rest.partition(">")
    return f"{head}{opening}{tag}{closing}\n{_ADAPTS}{body}".encode()


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG file on white, at 200 dots an inch: for figures that are mostly photographs."""
    buffer = io.BytesIO()
    with in_style():
        figure.savefig(buffer, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()
