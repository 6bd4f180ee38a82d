"""Maps of where a network looked: how they are kept with an answer, and how they are laid over a photograph.

NumPy and Pillow alone, since both the worker and the API use it. `Network.attention` says what the values mean.
"""

import io
import math
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.network.map_grid import MapGrid
from shared.imaging.framing import Frame, frame_of
from shared.imaging.preprocess import PreprocessSpec

Attention = NDArray[np.float32]
"""(h, w), h = w: what speaks for ALL above 0, against it below; in no unit."""

Evidence = NDArray[np.float32]
"""(height, width) in [0, 1]: how much each place speaks for an answer, relative to the place that does most."""

KEPT_EDGE: Final = 32
"""Positions of a kept map a side, at most: finer ones are averaged, so that no answer's row grows above 1 KB of it."""

OVERLAY_EDGE: Final = 320
"""Longer side of an overlay, pixels: smooth when it is stretched over a photograph, and a few KB of PNG."""

_STRONGEST: Final = 127
_CLEAR_BELOW, _FULL_FROM = 0.1, 0.5  # evidence; between them the colour comes in
_MOST_OPAQUE: Final = 170  # of 255: the cell stays to be seen
# Viridis from its green on (Smith and van der Walt, 2015): even steps of lightness, and far from every common stain.
_COLOURS: Final = ((33, 145, 140), (40, 174, 128), (94, 201, 98), (173, 220, 48), (253, 231, 37))


class Side(StrEnum):
    """Evidence for which answer is shown."""

    ANSWER = "answer"  # the one that the model gave
    FOR_ALL = "all"
    AGAINST_ALL = "not-all"


class AttentionMap(BaseModel):
    """What a model's card says of its maps; a model without it gives none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    positions: int = Field(ge=1, description="Of the map, a side.")
    grid: MapGrid = Field(description="Where its positions lie on the network's input, pixels.")


def kept(attention: Attention) -> bytes:
    """A map as it is kept: one signed byte a position, row by row, 127 or -127 where it is strongest.

    A map of more than KEPT_EDGE positions a side is averaged down to it. One that is nowhere a number is kept as zeros:
    the answer counts, and is not to be lost for its explanation.
    """
    edge = min(len(attention), KEPT_EDGE)
    small = np.asarray(Image.fromarray(attention).resize((edge, edge), Image.Resampling.BOX))
    strongest = np.abs(small).max()
    if not 0 < strongest < math.inf:
        return bytes(edge * edge)
    return bytes(np.rint(small * (_STRONGEST / strongest)).astype(np.int8))


def evidence_of(kept_map: bytes, *, for_all: bool) -> Evidence:
    """What in a kept map speaks for one of the two answers, (n, n); zero everywhere where nothing does."""
    edge = math.isqrt(len(kept_map))
    values = np.frombuffer(kept_map, np.int8).reshape(edge, edge).astype(np.float32)
    evidence = np.maximum(values if for_all else -values, 0.0)
    strongest = evidence.max()
    return evidence / strongest if strongest > 0 else evidence


def on_photograph(
    evidence: Evidence, card: AttentionMap, spec: PreprocessSpec, *, size: tuple[int, int], edge: int = OVERLAY_EDGE
) -> Evidence:
    """Evidence as it lies on a whole photograph, shrunk to `edge` pixels on its longer side.

    Each position is placed where it looks, as in `explain`; what the network was not shown has none.

    Args:
        evidence: (n, n), over the map that `card` tells of.
        card: where that map lies on the network's square.
        spec: how the photograph came into the square.
        size: width and height of the photograph.
        edge: longer side of what is returned; a photograph is not enlarged.
    """
    width, height = size
    frame = frame_of(width, height, spec.size, spec.border)
    shrunk = min(1.0, edge / max(size))
    across, down = (
        _weights(max(1, round(length * shrunk)), length, card, frame, axis=axis, positions=len(evidence))
        for axis, length in enumerate((width, height))
    )
    return np.asarray(down @ evidence @ across.T, dtype=np.float32)


def overlay(evidence: Evidence) -> bytes:
    """A PNG of the size of `evidence`: clear where there is little, coloured where there is much.

    Its pixels are indices into a palette of colours and opacities, so that it is small.
    """
    levels = np.linspace(0.0, 1.0, 256)
    stops = np.linspace(_CLEAR_BELOW, 1.0, len(_COLOURS))
    palette = np.stack([np.interp(levels, stops, channel) for channel in zip(*_COLOURS, strict=True)], axis=1)
    opacity = np.clip((levels - _CLEAR_BELOW) / (_FULL_FROM - _CLEAR_BELOW), 0.0, 1.0) * _MOST_OPAQUE
    picture = Image.fromarray(np.rint(evidence * 255).astype(np.uint8))
    picture.putpalette(np.rint(palette).astype(np.uint8).tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=np.rint(opacity).astype(np.uint8).tobytes(), optimize=True)
    return file.getvalue()


def _weights(
    pixels: int, length: int, card: AttentionMap, frame: Frame, *, axis: int, positions: int
) -> NDArray[np.float64]:
    """How much each position counts at each of `pixels` along an axis (0 across, 1 down), (pixels, positions).

    Linear between the centres of positions, fading to zero beyond the outermost: bilinear, since done on both axes.
    """
    taken, taken_end = frame.taken[axis], frame.taken[axis + 2]
    shown, shown_end = frame.shown[axis], frame.shown[axis + 2]
    on_photograph = (np.arange(pixels) + 0.5) * (length / pixels)
    share = (on_photograph - taken) / (taken_end - taken)
    in_square = shown + share * (shown_end - shown)
    stride = card.grid.stride * card.positions / positions
    place = (in_square - card.grid.start) / stride - 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(positions)))
    return np.asarray(weights * ((share >= 0.0) & (share <= 1.0))[:, None])
