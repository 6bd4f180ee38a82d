"""Where cells lie on a procedural slide, in micrometres from the image's upper left corner."""

from dataclasses import dataclass

import numpy as np

from cloud_service.ml.synthetic.parameters import CropParameters, FieldParameters, Slide, SmearLabel
from cloud_service.ml.synthetic.red_cells import RED_RADIUS_UM
from cloud_service.ml.synthetic.shapes import direction
from cloud_service.ml.synthetic.white_cells import STYLES, CellKind

_TRIES = 60
_MATURE = (CellKind.NEUTROPHIL, CellKind.LYMPHOCYTE, CellKind.MONOCYTE, CellKind.EOSINOPHIL)
_MATURE_PARTS = (0.42, 0.36, 0.14, 0.08)
_PLATELETS_A_RED_CELL = 0.06


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell to be drawn; x, y (its centre) and radius in micrometres."""

    kind: CellKind
    x: float
    y: float
    radius: float


class _Layout:
    """Cells laid so far, with their distances at hand."""

    def __init__(self, rng: np.random.Generator, width: float, height: float) -> None:
        self.rng = rng
        self.width = width
        self.height = height
        self.placed: list[Placed] = []
        self._discs = np.empty((0, 3))

    def add(self, cell: Placed) -> None:
        self.placed.append(cell)
        self._discs = np.vstack([self._discs, (cell.x, cell.y, cell.radius)])

    def overlap(self, x: float, y: float, radius: float) -> float:
        """Micrometres by which a disc would reach into the nearest other cell; negative where it is free."""
        if not len(self._discs):
            return -np.inf
        gaps = np.hypot(self._discs[:, 0] - x, self._discs[:, 1] - y) - self._discs[:, 2] - radius
        return -float(gaps.min())

    def somewhere(self, margin: float) -> tuple[float, float]:
        """A point on the image or up to `margin` beyond its edges."""
        return (
            float(self.rng.uniform(-margin, self.width + margin)),
            float(self.rng.uniform(-margin, self.height + margin)),
        )


def place_field(rng: np.random.Generator, parameters: FieldParameters) -> list[Placed]:
    """Lay out a field: red cells first in the list, so that white cells are drawn over them."""
    pixel = parameters.slide.pixel_size_um
    layout = _Layout(rng, parameters.width * pixel, parameters.height * pixel)
    for kind in _white_kinds(rng, parameters):
        _place_white(layout, kind)
    _place_red(layout, parameters.slide)
    return layout.placed[::-1]


def place_crop(rng: np.random.Generator, parameters: CropParameters, label: SmearLabel) -> list[Placed]:
    """Lay out a crop: one white cell near the middle, red cells around it."""
    pixel = parameters.slide.pixel_size_um
    side = parameters.size * pixel
    layout = _Layout(rng, side, side)
    kind = CellKind.LYMPHOBLAST if label == "all" else _mature(rng)
    away = direction(rng, parameters.off_centre_um * float(rng.random()))
    layout.add(Placed(kind, side / 2 + away[0], side / 2 + away[1], _radius(rng, kind)))
    _place_red(layout, parameters.slide)
    return layout.placed[::-1]


def _white_kinds(rng: np.random.Generator, parameters: FieldParameters) -> list[CellKind]:
    blasts = 0
    if parameters.label == "all":
        blasts = max(1, round(parameters.white_cells * parameters.blast_part))
    mature = [_mature(rng) for _ in range(parameters.white_cells - blasts)]
    return [CellKind.LYMPHOBLAST] * blasts + mature


def _mature(rng: np.random.Generator) -> CellKind:
    return _MATURE[int(rng.choice(len(_MATURE), p=_MATURE_PARTS))]


def _radius(rng: np.random.Generator, kind: CellKind) -> float:
    return float(rng.uniform(*STYLES[kind].radius_um))


def _place_white(layout: _Layout, kind: CellKind) -> None:
    """Lay one white cell wholly on the image where there is room; a full field gets fewer."""
    radius = _radius(layout.rng, kind)
    inset = -min(radius, layout.width / 3, layout.height / 3)
    for _ in range(_TRIES):
        x, y = layout.somewhere(inset)
        if layout.overlap(x, y, radius) < radius * 0.1:
            layout.add(Placed(kind, x, y, radius))
            return


def _place_red(layout: _Layout, slide: Slide) -> None:
    """Lay red cells and platelets; red cells may lie on each other, never deep under a white cell."""
    rng, margin = layout.rng, RED_RADIUS_UM
    area = (layout.width + 2 * margin) * (layout.height + 2 * margin)
    count = round(slide.density * area / (np.pi * RED_RADIUS_UM**2))
    white = list(layout.placed)
    for _ in range(count):
        radius = RED_RADIUS_UM * float(np.clip(rng.normal(1.0, 0.06), 0.8, 1.2))
        deepest = radius * (1.3 if rng.random() < slide.clumping else 0.1)
        for _ in range(_TRIES // 3):
            x, y = layout.somewhere(margin)
            touches = any(np.hypot(x - w.x, y - w.y) < w.radius + 0.9 * radius for w in white)
            if not touches and layout.overlap(x, y, radius) < deepest:
                layout.add(Placed(CellKind.RED, x, y, radius))
                break
    for _ in range(round(rng.poisson(count * _PLATELETS_A_RED_CELL))):
        x, y = layout.somewhere(0.0)
        radius = float(rng.uniform(0.9, 1.6))
        if layout.overlap(x, y, radius) < 0:
            layout.add(Placed(CellKind.PLATELET, x, y, radius))
