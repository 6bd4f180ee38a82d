"""Explanations as pictures: a photograph beside itself, in colour only where the network saw most for an answer."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from PIL import Image

from cloud_service.ml.attention import Side
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.doubts import Doubter
from cloud_service.ml.explain import Evidence, Explainer
from cloud_service.ml.figures.style import ORANGE, VERMILLION, in_style, png_of
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import probabilities_of
from cloud_service.ml.weights import network_of
from shared.imaging.decode import open_image
from shared.imaging.framing import frame_of
from shared.imaging.preprocess import PreprocessSpec, preprocess
from shared.vocabulary import RESEARCH_USE_ONLY, Label

_WIDTH: Final = 13.0  # inches, of both panels
_HEADING, _LINE_HEIGHT, _TITLES = 0.42, 0.22, 0.36  # inches above the panels: warning, each line of text, titles
_LINE: Final = 145  # characters
_LEFT, _MIDDLE = 0.005, 0.508  # of the width
_SURE: Final = 0.001
_SHORTER_SIDE: Final = 1000  # pixels of a panel that a large JPEG is decoded to at least
_GREY_BELOW, _COLOUR_FROM = 0.1, 0.35  # evidence; between them the colours come in
_CONTOURS: Final = {0.25: ORANGE, 0.5: VERMILLION, 0.75: "#7a1f00"}
_CAVEAT: Final = (
    "Colour is left where the network looked (Grad-CAM); it does not say why it answered so, and is no finding. Lines "
    "are shares of the strongest place in this image, which is there even where the answer is weak."
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A model's answer on one image and what in it speaks for one of the answers."""

    probability: float  # of ALL, calibrated
    label: Label
    for_all: bool  # what the evidence speaks for
    evidence: Evidence  # (S, S) over the network's square
    doubts: tuple[str, ...]  # why the answer should not be relied on, in whole sentences


def explain_file(package: ModelPackage, image: Path, side: Side = Side.ANSWER) -> Explanation:
    """The model's answer on an image file, and the evidence for `side`.

    Raises:
        UnreadableImageError: the file is no image that Smearflow reads.
        ModelPackageError: the package's files are not those that its card names.
        BrokenStatisticsError: its statistics hold something else.
        OSError: the file cannot be opened.
    """
    card = package.card
    pixels = preprocess(image, card.preprocess)
    network = DeployedNetwork(network_of(package), card.preprocess).eval()
    with torch.inference_mode():
        logits = network(torch.tensor(pixels[None])).numpy()
    probability = float(probabilities_of(logits, temperature=card.temperature, runtime="torch")[0])
    label = card.label_of(probability)
    for_all = side is Side.FOR_ALL or (side is Side.ANSWER and label is Label.SUSPICIOUS)
    evidence = Explainer(network).evidence(pixels, for_all=for_all)
    return Explanation(
        probability=probability,
        label=label,
        for_all=for_all,
        evidence=evidence,
        doubts=Doubter.of(package).doubts(pixels, probability),
    )


def draw_overlay(package: ModelPackage, image: Path, explanation: Explanation) -> bytes:
    """A PNG: the photograph, beside it the same with contours and colour where the evidence is, and what to know of it.

    Neither the file's name nor its metadata are in it.

    Raises:
        UnreadableImageError: the file is no image that Smearflow reads.
        OSError: the file cannot be opened.
    """
    photograph = open_image(image, draft_edge=_SHORTER_SIDE)
    evidence = on_photograph(explanation.evidence, photograph.size, package.card.preprocess)
    lines = _lines(package, explanation)
    heights = (_HEADING, _LINE_HEIGHT * len(lines), _TITLES, _WIDTH / 2 * photograph.height / photograph.width)
    with in_style():
        figure = Figure(figsize=(_WIDTH, sum(heights)))
        grid = figure.add_gridspec(4, 1, height_ratios=heights, left=0, right=1, bottom=0, top=1, hspace=0)
        heading, body, titles, panels = (figure.add_subfigure(grid[row]) for row in range(4))
        heading.text(_LEFT, 0.5, RESEARCH_USE_ONLY, color=VERMILLION, fontsize=15, fontweight="bold", va="center")
        body.text(_LEFT, 1.0, "\n".join(lines), fontsize=11, va="top", linespacing=1.35)
        _title(titles, explanation)
        left, right = panels.subplots(1, 2, gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0.01})
        _show(left, np.asarray(photograph))
        _show(right, spotlit(np.asarray(photograph), evidence))
        right.contour(evidence, levels=list(_CONTOURS), colors=list(_CONTOURS.values()), linewidths=1.4)
        return png_of(figure)


def on_photograph(evidence: Evidence, size: tuple[int, int], spec: PreprocessSpec) -> Evidence:
    """Evidence over the network's square → over a photograph of this width and height; zero where none was looked at.

    Args:
        evidence: (S, S).
        size: width and height of the photograph.
        spec: how the photograph came into the square.

    Returns:
        (height, width) in [0, 1].
    """
    width, height = size
    frame = frame_of(width, height, spec.size, spec.border)
    left, top, right, bottom = frame.taken
    across, down, end_across, end_down = frame.shown
    shown = Image.fromarray(evidence[down:end_down, across:end_across])
    placed = np.zeros((height, width), dtype=np.float32)
    placed[top:bottom, left:right] = np.asarray(shown.resize((right - left, bottom - top), Image.Resampling.BICUBIC))
    return np.clip(placed, 0.0, 1.0)


def spotlit(photograph: NDArray[np.uint8], evidence: Evidence) -> NDArray[np.uint8]:
    """A photograph (H, W, 3), pale and grey but where evidence (H, W) is: there its colours are as they were."""
    light = np.clip((evidence - _GREY_BELOW) / (_COLOUR_FROM - _GREY_BELOW), 0.0, 1.0)[..., None]
    pale = 140 + 0.45 * photograph.mean(axis=2, keepdims=True)
    return np.asarray(light * photograph + (1 - light) * pale, dtype=np.uint8)


def _show(axes: Axes, picture: NDArray[np.uint8]) -> None:
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()


def _lines(package: ModelPackage, explanation: Explanation) -> list[str]:
    """What to know of the picture; what speaks against it comes first."""
    card = package.card
    paragraphs = (
        *explanation.doubts,
        f"{explanation.label.wording}. {in_words(explanation.probability)}; suspicious from {card.threshold:.3g} on.",
        _CAVEAT,
        f"Model {card.name} {card.version}, digest {package.digest[:12]}. Clinical meaning: {card.clinical_meaning}",
    )
    return [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, _LINE)]


def _title(figure: SubFigure, explanation: Explanation) -> None:
    what = "for blast features" if explanation.for_all else "against blast features"
    seen = explanation.evidence.any()
    title = f"What spoke {what}" if seen else f"Nothing in the image spoke {what}"
    figure.text(_LEFT, 0.4, "Photograph", fontsize=12, fontweight="bold", va="center")
    figure.text(_MIDDLE, 0.4, title, fontsize=12, fontweight="bold", va="center")
    if seen:
        lines = [Line2D([], [], color=colour, label=f"{level:.0%}") for level, colour in _CONTOURS.items()]
        figure.legend(
            handles=lines,
            ncols=len(lines),
            loc="center right",
            bbox_to_anchor=(1.0, 0.4),
            fontsize=11,
            handlelength=1.5,
            columnspacing=1.0,
        )


def in_words(probability: float) -> str:
    """The probability of ALL; not so exact that it looks like certainty."""
    if probability > 1 - _SURE:
        return f"Probability of ALL above {1 - _SURE}"
    return f"Probability of ALL below {_SURE}" if probability < _SURE else f"Probability of ALL {probability:.3f}"
