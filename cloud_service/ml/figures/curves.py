"""Loss and accuracy over the epochs, as in the paper's Figure 9."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cloud_service.ml.figures.style import (
    BLUE,
    MUTED,
    VERMILLION,
    arrangement,
    in_style,
    svg_of,
)

_RUN_HEIGHT: Final = 3.3  # inches, of the two panels of a run
_LEGEND_HEIGHT: Final = 0.3
_MARKERS_UP_TO: Final = 30  # epochs; more markers run together


@dataclass(frozen=True, slots=True)
class Curves:
    """One training run, epoch by epoch from the first."""

    training_loss: Sequence[float]
    validation_loss: Sequence[float]
    validation_accuracy: Sequence[float]  # shares of 1
    chosen_epoch: int  # from 1


def draw_curves(panels: Mapping[str, Curves]) -> bytes:
    """Two panels for each run, its losses above its accuracy, as SVG; a dotted line marks the chosen epoch.

    The training loss is of augmented images and of weights that change within the epoch, so it may lie above that of
    validation.

    Args:
        panels: title → run; one or more, in rows of three.
    """
    rows, abreast, width = arrangement(len(panels))
    with in_style():
        figure = Figure(figsize=(width, _RUN_HEIGHT * rows + _LEGEND_HEIGHT), layout="constrained")
        grid = figure.subplots(2 * rows, abreast, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for number, (title, run) in enumerate(panels.items()):
            row, column = divmod(number, abreast)
            above, below = grid[2 * row, column], grid[2 * row + 1, column]
            above.set_title(title)
            _losses(above, run, is_first=column == 0)
            _accuracy(below, run, is_first=column == 0)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        return svg_of(figure)


def _losses(axes: Axes, run: Curves, *, is_first: bool) -> None:
    _prepare(axes, run)
    marker = _marker(run)
    epochs = range(1, len(run.training_loss) + 1)
    axes.plot(epochs, run.training_loss, color=BLUE, marker=marker, label="training")
    axes.plot(epochs, run.validation_loss, color=VERMILLION, linestyle="--", marker=marker, label="validation")
    axes.set_ylim(bottom=0)
    axes.tick_params(labelbottom=False)
    if is_first:
        axes.set_ylabel("loss (nats)")


def _accuracy(axes: Axes, run: Curves, *, is_first: bool) -> None:
    _prepare(axes, run)
    epochs = range(1, len(run.validation_accuracy) + 1)
    axes.plot(epochs, run.validation_accuracy, color=VERMILLION, linestyle="--", marker=_marker(run))
    axes.set_ylim(min(0.45, *run.validation_accuracy) - 0.02, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("epoch")
    if is_first:
        axes.set_ylabel("accuracy")


def _prepare(axes: Axes, run: Curves) -> None:
    axes.set_axis_on()
    axes.axvline(run.chosen_epoch, color=MUTED, linestyle=":", linewidth=1.4, label="chosen epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(visible=True)


def _marker(run: Curves) -> str | None:
    return "o" if len(run.training_loss) <= _MARKERS_UP_TO else None
