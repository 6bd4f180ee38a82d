"""ROC curves, as in the paper's Figure 10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from cloud_service.ml.figures.style import MUTED, SERIES, draw_panels

_MARGIN: Final = 0.02


@dataclass(frozen=True, slots=True)
class RocLine:
    """One curve, from (0, 0) to (1, 1)."""

    label: str  # such as "SE-CNN, area 0.981"
    false_rates: Sequence[float]
    true_rates: Sequence[float]
    is_reference: bool = False  # what the others are to beat: grey and dashed


def draw_roc(panels: Mapping[str, Sequence[RocLine]]) -> bytes:
    """A panel of curves for each title, as SVG.

    Args:
        panels: title → curves; one title or more, up to five curves each beside the references.
    """
    return draw_panels(list(panels), lambda axes, title: _panel(axes, panels[title]), height=2.5)


def _panel(axes: Axes, lines: Sequence[RocLine]) -> None:
    axes.plot((0, 1), (0, 1), color=MUTED, linewidth=0.8, linestyle=":")
    colours = iter(SERIES)
    for line in lines:
        colour, style = (MUTED, "--") if line.is_reference else (next(colours), "-")
        axes.plot(line.false_rates, line.true_rates, color=colour, linestyle=style, label=line.label, clip_on=False)
    axes.set(xlim=(-_MARGIN, 1 + _MARGIN), ylim=(-_MARGIN, 1 + _MARGIN), aspect="equal")
    axes.set_xlabel("false positive rate (1 - specificity)")
    axes.set_ylabel("true positive rate (sensitivity)")
    axes.set_xticks((0, 0.5, 1))
    axes.set_yticks((0, 0.5, 1))
    axes.grid(visible=True)
    axes.legend(loc="lower right")
