"""One picture of earlier results: each ratio against its named baseline, with its quartiles."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.transforms import blended_transform_factory
from pydantic import ValidationError

from cloud_service.bench.rendering import number
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.ml.figures.style import BLUE, INK, MUTED, PAGE, in_style, svg_of
from shared.errors import PermanentError

_BAR_INCHES, _HEAD_INCHES = 0.2, 0.62
_MOST_BARS = 9


class NoResultsError(PermanentError):
    """A folder holds no results that can be drawn, or a file is none; the text names it."""


def read_results(folder: Path) -> list[BenchResult]:
    """The results in a folder's JSON files, in the order of their names.

    Raises:
        NoResultsError: there is none, or a file holds something else.
    """
    results = []
    for path in sorted(folder.glob("*.json")):
        try:
            results.append(BenchResult.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise NoResultsError(
                f"{path} is no result of `smearflow bench`: {error.error_count()} fields are wrong. Move it elsewhere."
            ) from error
    if not results:
        raise NoResultsError(f"{folder} holds no results. Make one: smearflow bench train --json > {folder}/train.json")
    return results


def draw_picture(results: Sequence[BenchResult]) -> bytes:
    """An SVG file with a panel for each table that has ratios, the best ratios of long tables.

    Raises:
        NoResultsError: no result has a ratio.
    """
    panels = [(result, table, bars) for result in results for table in result.tables if (bars := _bars(table))]
    if not panels:
        raise NoResultsError("None of the results has a ratio to be drawn.")
    heights = [_HEAD_INCHES + _BAR_INCHES * len(bars) for _, _, bars in panels]
    with in_style():
        drawing = Drawing(figsize=(PAGE, sum(heights) + _HEAD_INCHES), layout="constrained")
        grid = drawing.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, (result, table, bars) in zip(grid[:, 0], panels, strict=True):
            _panel(drawing, axes, result, table, bars)
        machine, newest = results[0].machine.in_words, max(result.at for result in results)
        drawing.supxlabel(f"{machine}; {newest:%Y-%m-%d}. Bars: median; lines: quartiles.", fontsize=7, color=MUTED)
        return svg_of(drawing)


def _bars(table: Table) -> list[Figure]:
    """The figures that are compared with the baseline; in a long table those with the largest ratios."""
    compared = [each for each in table.figures if each.ratio is not None and each.name != table.baseline]
    return sorted(compared, key=lambda each: -_ratio(each))[:_MOST_BARS] if len(compared) > _MOST_BARS else compared


def _ratio(figure: Figure) -> float:
    return figure.ratio.median if figure.ratio else 0.0


def _panel(drawing: Drawing, axes: Axes, result: BenchResult, table: Table, bars: Sequence[Figure]) -> None:
    places = range(len(bars))
    spreads = [each.ratio for each in bars if each.ratio is not None]
    errors = [[s.median - s.lower for s in spreads], [s.upper - s.median for s in spreads]]
    axes.barh(places, [s.median for s in spreads], xerr=errors, color=BLUE, ecolor=INK, height=0.66)
    axes.axvline(1.0, color=MUTED, linewidth=0.8, linestyle="--")
    for place, each, spread in zip(places, bars, spreads, strict=True):
        text = f"  {spread.median:.2g}x   {number(each.value.median)} {table.unit}"
        axes.text(spread.upper, place, text, va="center", fontsize=7, color=INK)
    axes.set_yticks(places, [each.name for each in bars])
    axes.set_xlim(0, 1.45 * max(1.0, *(spread.upper for spread in spreads)))
    axes.invert_yaxis()
    axes.set_title(" ")  # keeps the room for a title that begins at the picture's left edge and may be as wide as it
    across_and_up = blended_transform_factory(drawing.transFigure, axes.transAxes)
    title = f"{result.name}: {table.title}, against {table.baseline}"
    axes.text(0.01, 1.04, title, transform=across_and_up, va="bottom", fontsize=7.5, fontweight="bold", color=INK)
