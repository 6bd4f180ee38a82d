"""Reliability diagrams: how probabilities agree with what was so."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from cloud_service.ml.evaluation.curves import Calibration
from cloud_service.ml.figures.style import BLUE, MUTED, draw_panels

_SMALLEST: Final = 12.0  # area of a marker, square points
_PER_IMAGE: Final = 120.0  # shared out among the images


def draw_reliability(panels: Mapping[str, Calibration]) -> bytes:
    """A panel for each calibration, as SVG: share with ALL against mean probability, a dot's area for its images.

    Args:
        panels: title → calibration; one or more.
    """
    return draw_panels(list(panels), lambda axes, title: _panel(axes, panels[title]), height=2.5)


def _panel(axes: Axes, calibration: Calibration) -> None:
    axes.plot((0, 1), (0, 1), color=MUTED, linewidth=0.8, linestyle=":")
    filled = [
        (found.mean_probability, found.share_with_all, found.images)
        for found in calibration.bins
        if found.mean_probability is not None and found.share_with_all is not None
    ]
    probabilities, shares, images = np.array(filled).T
    areas = _SMALLEST + _PER_IMAGE * images / images.sum()
    axes.plot(probabilities, shares, color=BLUE, linewidth=1.0)
    axes.scatter(probabilities, shares, s=areas, color=BLUE, clip_on=False, zorder=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set_xlabel("mean probability of ALL")
    axes.set_ylabel("share with ALL")
    axes.set_xticks((0, 0.5, 1))
    axes.set_yticks((0, 0.5, 1))
    axes.grid(visible=True)
    axes.text(0.98, 0.04, f"ECE {calibration.expected_error:.3f}", ha="right", transform=axes.transAxes, fontsize=7.5)
