"""A report as HTML, which opens without a network, and as Markdown."""

import base64
from collections.abc import Callable, Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from cloud_service.ml.evaluation.intervals import Estimate
from cloud_service.ml.experiments.drawing import SAMPLES_NAME
from cloud_service.ml.experiments.paper import CITATION
from cloud_service.ml.experiments.report import Report
from cloud_service.ml.experiments.statistics import MACRO_F1, MACRO_PRECISION
from cloud_service.ml.experiments.wording import points

_NOTHING: Final = "–"  # noqa: RUF001 - a dash for people
_MEDIA_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}

CLASS_FIGURES: Final = (
    ("ALL", "precision_all", "recall_all", "f1_all"),
    ("not ALL", "precision_not_all", "recall_not_all", "f1_not_all"),
)
MEAN_FIGURES: Final = (
    ("accuracy", "accuracy", "accuracy"),
    ("precision", MACRO_PRECISION, "precision"),
    ("recall", "balanced_accuracy", "recall"),
    ("F", MACRO_F1, "f1"),
    ("loss", "loss", "loss"),
)
"""What a reader calls it, its name in `Figures`, and its name in `PaperFigures`."""


def to_html(report: Report, figures: Mapping[str, bytes]) -> str:
    """The report as one HTML file with its figures inside.

    Args:
        report: what to show.
        figures: file name → content (drawing.draw_figures), and SAMPLES_NAME where there is one.
    """
    embedded = {name: _data_uri(name, content) for name, content in figures.items()}
    return _render("report.html.j2", report, embedded, autoescape=True)


def to_markdown(report: Report, figures: Mapping[str, bytes]) -> str:
    """The report as Markdown; its figures are links to files in figures/."""
    return _render("report.md.j2", report, {name: f"figures/{name}" for name in figures}, autoescape=False)


def _render(template: str, report: Report, figures: Mapping[str, str], *, autoescape: bool) -> str:
    environment = Environment(
        loader=PackageLoader("cloud_service.ml.experiments"),
        autoescape=autoescape,  # noqa: S701 - off for Markdown alone, which is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    return environment.get_template(template).render(
        report=report,
        figures=figures,
        samples_name=SAMPLES_NAME,
        citation=CITATION,
        class_figures=CLASS_FIGURES,
        mean_figures=MEAN_FIGURES,
    )


def percent(estimate: Estimate | float | None) -> str:
    """A share in percent, such as `97.1`."""
    value = estimate.value if isinstance(estimate, Estimate) else estimate
    return _NOTHING if value is None else f"{100 * value:.1f}"


def number(estimate: Estimate | None) -> str:
    """A figure that is no share, such as a loss: `0.117`."""
    return _NOTHING if estimate is None else f"{estimate.value:.3f}"


def signed(estimate: Estimate | None) -> str:
    """A difference of shares in points, such as `+1.2`."""
    return _NOTHING if estimate is None else f"{100 * estimate.value:+.1f}"


def _interval(form: str, scale: float) -> Callable[[Estimate | None], str]:
    def shown(estimate: Estimate | None) -> str:
        if estimate is None:
            return ""
        if estimate.low is None or estimate.high is None:
            return "[no interval]"
        return f"[{scale * estimate.low:{form}}, {scale * estimate.high:{form}}]"

    return shown


_FILTERS: Final = {
    "percent": percent,
    "interval": _interval(".1f", 100.0),  # of a share, in percent: [93.0, 99.2]
    "number": number,
    "number_interval": _interval(".3f", 1.0),
    "signed": signed,
    "signed_interval": _interval("+.1f", 100.0),
    "points": points,
}


def _data_uri(name: str, content: bytes) -> str:
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
