"""White cells as patches of optical density, by the morphology that a haematologist looks for."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cloud_service.ml.synthetic import nuclei
from cloud_service.ml.synthetic.parameters import Absorption, Slide
from cloud_service.ml.synthetic.shapes import Grid, Plane, blob, cover, direction, make_grid, noise, warped

Outline = Callable[[Grid, np.random.Generator, float], Plane]
_EOSINOPHIL_GRANULE: Absorption = (0.06, 0.52, 0.62)


class CellKind(StrEnum):
    """What a cell of the ground truth is."""

    RED = "red_cell"
    PLATELET = "platelet"
    LYMPHOCYTE = "lymphocyte"
    LYMPHOBLAST = "lymphoblast"
    NEUTROPHIL = "neutrophil"
    EOSINOPHIL = "eosinophil"
    MONOCYTE = "monocyte"


@dataclass(frozen=True, slots=True)
class Chromatin:
    """A nucleus's texture: mean amount of dye, size of its grains in micrometres, and their contrast."""

    amount: float
    grain_um: float
    contrast: float


@dataclass(frozen=True, slots=True)
class WhiteCellStyle:
    """The morphology of one kind.

    Attributes:
        radius_um: least and greatest radius of the cell.
        outline: draws the nucleus.
        chromatin: its texture.
        basophilia: amount of blue in the cytoplasm.
        eosin: amount of pink in the cytoplasm.
        granules: amount and dye of the granules; None where the cytoplasm is clear.
        nucleoli: greatest number of them.
        vacuoles: greatest number of them.
    """

    radius_um: tuple[float, float]
    outline: Outline
    chromatin: Chromatin
    basophilia: float
    eosin: float = 0.0
    granules: tuple[float, Absorption] | None = None
    nucleoli: int = 0
    vacuoles: int = 0


STYLES: dict[CellKind, WhiteCellStyle] = {
    CellKind.LYMPHOCYTE: WhiteCellStyle((3.9, 5.6), nuclei.round_nucleus, Chromatin(1.12, 1.3, 0.17), basophilia=0.65),
    CellKind.LYMPHOBLAST: WhiteCellStyle(
        (5.0, 7.4), nuclei.blast_nucleus, Chromatin(0.95, 0.55, 0.1), basophilia=0.9, nucleoli=3, vacuoles=3
    ),
    CellKind.NEUTROPHIL: WhiteCellStyle(
        (5.8, 7.2),
        nuclei.lobed_nucleus,
        Chromatin(1.15, 1.0, 0.16),
        basophilia=0.08,
        eosin=0.3,
        granules=(0.12, (0.5, 0.9, 0.3)),
    ),
    CellKind.EOSINOPHIL: WhiteCellStyle(
        (5.8, 7.2),
        nuclei.bilobed_nucleus,
        Chromatin(1.05, 1.0, 0.15),
        basophilia=0.1,
        eosin=0.35,
        granules=(0.95, _EOSINOPHIL_GRANULE),
    ),
    CellKind.MONOCYTE: WhiteCellStyle(
        (6.6, 8.6), nuclei.kidney_nucleus, Chromatin(0.88, 0.9, 0.16), basophilia=0.62, eosin=0.12, vacuoles=5
    ),
}


def white_cell(rng: np.random.Generator, slide: Slide, kind: CellKind, radius: float) -> tuple[Plane, Plane]:
    """Draw one white cell.

    Returns:
        Optical density, shape (3, n, n), and the part (n, n) of what lies beneath that the cell hides.
    """
    style = STYLES[kind]
    grid = warped(make_grid(radius * 1.3, slide.pixel_size_um), rng, 0.13, 2.6)
    body = blob(grid, rng, radius, roughness=0.04, squash=float(rng.uniform(0.88, 1.0)))
    nucleus = np.minimum(style.outline(grid, rng, radius), body - np.float32(0.15))
    hidden = cover(body, 0.4)
    density = _cytoplasm(grid, rng, slide, style, body) * hidden
    inside = np.float32(0.96) * cover(nucleus, 0.35)
    azure = np.asarray(slide.stain.azure, np.float32)[:, None, None]
    density = density * (1 - inside) + inside * _chromatin(grid, rng, style, nucleus) * azure
    return density * np.float32(slide.stain.strength * rng.normal(1.0, 0.1)), hidden


def _cytoplasm(grid: Grid, rng: np.random.Generator, slide: Slide, style: WhiteCellStyle, body: Plane) -> Plane:
    """Dyes of the cell body: blue to its edge, pink, granules, and pale vacuoles."""
    mottle = np.float32(1.0) + np.float32(0.12) * noise(grid, rng, 0.9)
    edge = np.float32(1.0) + np.float32(0.25) * np.exp(-np.square(body / np.float32(0.7)))
    blue = np.float32(style.basophilia * rng.uniform(0.7, 1.25)) * mottle * edge
    pink = np.float32(style.eosin) * mottle
    density = _dyed(blue, slide.stain.basophilia) + _dyed(pink, slide.stain.eosin)
    if style.granules is not None:
        amount, dye = style.granules
        spots = cover(noise(grid, rng, 0.55) - np.float32(0.1), 0.8) * np.float32(amount)
        density += _dyed(spots, dye)
    for _ in range(int(rng.integers(0, style.vacuoles + 1))):
        size = float(rng.uniform(0.25, 0.55))
        where = direction(rng, float(np.max(body)) * float(rng.uniform(0.6, 0.95)))
        hole = blob(grid, rng, size, roughness=0.05, centre=where)
        density *= 1 - np.float32(0.8) * cover(hole, 0.3)
    return density


def _chromatin(grid: Grid, rng: np.random.Generator, style: WhiteCellStyle, nucleus: Plane) -> Plane:
    """Amount of azure: coarse dark clumps when mature, fine and pale in a blast, darker at the membrane."""
    texture = style.chromatin
    coarse, fine = noise(grid, rng, texture.grain_um), noise(grid, rng, texture.grain_um * 0.5)
    amount = np.float32(1.0) + np.float32(texture.contrast) * (np.tanh(coarse * 1.5) + np.float32(0.4) * fine)
    amount += np.float32(0.12) * np.exp(-np.square(nucleus / np.float32(0.45)))
    reach = float(np.max(nucleus))
    for _ in range(int(rng.integers(min(1, style.nucleoli), style.nucleoli + 1))):
        spot = blob(
            grid,
            rng,
            float(rng.uniform(0.5, 1.0)),
            roughness=0.08,
            centre=direction(rng, reach * float(rng.uniform(0.05, 0.6))),
        )
        amount *= 1 - np.float32(rng.uniform(0.25, 0.42)) * cover(spot, 0.5)
        amount += np.float32(0.1) * np.exp(-np.square(spot / np.float32(0.25)))  # the rim of chromatin around it
    dye: Plane = np.float32(texture.amount) * np.clip(amount, 0.3, 1.7)
    return dye


def _dyed(amount: Plane, dye: Absorption) -> Plane:
    return amount[None] * np.asarray(dye, np.float32)[:, None, None]
