"""What a procedural smear is made from.

All that is a *nuisance* (stain, light, focus, density, noise) is drawn from the seed alone, never from the label:
the same seed gives both labels the same slide under the same lamp.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

SmearLabel = Literal["all", "not_all"]
Absorption = tuple[float, float, float]
"""Optical density (natural logarithm) of one unit of a dye in the red, green and blue channel."""

_NUISANCE_STREAM = 0x51A1


@dataclass(frozen=True, slots=True)
class Stain:
    """One Romanowsky stain (Wright-Giemsa, Leishman) as three dyes.

    Attributes:
        eosin: on haemoglobin.
        azure: on chromatin.
        basophilia: on the ribonucleic acid of cytoplasm.
        strength: multiplies all; 1 is a usual slide.
    """

    eosin: Absorption = (0.09, 0.37, 0.33)
    azure: Absorption = (0.88, 1.42, 0.38)
    basophilia: Absorption = (0.44, 0.38, 0.07)
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Light:
    """The lamp as the camera sees it.

    Attributes:
        level: 0 to 255, of the empty slide in the middle of the field.
        temperature: -1 bluish to 1 yellowish.
        gradient: part by which the field is darker at one side than at the other.
        vignette: part by which the corners are darker.
        angle: of the gradient, radians.
    """

    level: float = 228.0
    temperature: float = 0.2
    gradient: float = 0.05
    vignette: float = 0.05
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Slide:
    """All nuisance parameters of one image.

    Attributes:
        density: part of the field that red cells would cover without overlaps, 0.05 to 0.8.
        clumping: 0 to 1, how readily red cells overlap.
        pallor: 0 to 1, how pale red cells are in their middle.
        blur_um: standard deviation of the focus blur, micrometres.
        noise: standard deviation of the camera's noise, grey levels.
        pixel_size_um: micrometres a pixel.
    """

    stain: Stain = field(default_factory=Stain)
    light: Light = field(default_factory=Light)
    density: float = 0.4
    clumping: float = 0.35
    pallor: float = 0.55
    blur_um: float = 0.1
    noise: float = 2.0
    pixel_size_um: float = 0.078


@dataclass(frozen=True, slots=True)
class FieldParameters:
    """A whole field of view.

    Attributes:
        label: "all" has blasts among its white cells, "not_all" has none.
        slide: the nuisance parameters.
        width: pixels.
        height: pixels.
        white_cells: how many white cells are aimed at, 1 or more.
        blast_part: part of the white cells that are blasts where the label is "all" (at least one is).
    """

    label: SmearLabel = "not_all"
    slide: Slide = field(default_factory=Slide)
    width: int = 2592
    height: int = 1944
    white_cells: int = 8
    blast_part: float = 0.8


@dataclass(frozen=True, slots=True)
class CropParameters:
    """A crop around one white cell.

    Attributes:
        slide: the nuisance parameters.
        size: width and height, pixels.
        off_centre_um: how far the cell's centre may lie from the crop's.
    """

    slide: Slide = field(default_factory=Slide)
    size: int = 257
    off_centre_um: float = 1.0


_STAINS = (
    Stain(),
    Stain(eosin=(0.20, 0.36, 0.24), azure=(0.98, 1.36, 0.30), basophilia=(0.50, 0.36, 0.05)),  # Leishman, bluish
    Stain(eosin=(0.07, 0.30, 0.32), azure=(0.66, 1.34, 0.48), basophilia=(0.36, 0.40, 0.12)),  # aged, reddish
    Stain(eosin=(0.24, 0.30, 0.20), azure=(0.80, 1.30, 0.34), basophilia=(0.48, 0.34, 0.06)),  # alkaline, grey
)


def draw_slide(seed: int, *, pixel_size_um: float = 0.078, pixel_spread: float = 0.08) -> Slide:
    """Draw stain, light, focus, density and noise for one image from its seed alone.

    Args:
        seed: of the image.
        pixel_size_um: micrometres a pixel, about which the image's own is drawn.
        pixel_spread: part by which it may be off either way.
    """
    rng = np.random.default_rng((seed, _NUISANCE_STREAM))
    return Slide(
        stain=_draw_stain(rng),
        light=Light(
            level=float(rng.uniform(205, 246)),
            temperature=float(rng.uniform(-0.8, 1.0)),
            gradient=float(rng.uniform(0.0, 0.12)),
            vignette=float(rng.uniform(0.0, 0.12)),
            angle=float(rng.uniform(0.0, 2 * np.pi)),
        ),
        density=float(rng.uniform(0.2, 0.6)),
        clumping=float(rng.uniform(0.1, 0.6)),
        pallor=float(rng.uniform(0.3, 0.8)),
        blur_um=float(rng.uniform(0.05, 0.13)),
        noise=float(rng.uniform(1.0, 4.0)),
        pixel_size_um=pixel_size_um * float(rng.uniform(1 - pixel_spread, 1 + pixel_spread)),
    )


def draw_field(seed: int, label: SmearLabel, *, width: int = 2592, height: int = 1944) -> FieldParameters:
    """Draw a field; the number of white cells, too, does not depend on the label.

    The field of view is about 200 micrometres wide whatever the number of pixels.
    """
    rng = np.random.default_rng((seed, _NUISANCE_STREAM, 1))
    return FieldParameters(
        label=label,
        slide=draw_slide(seed, pixel_size_um=0.078 * 2592 / width),
        width=width,
        height=height,
        white_cells=int(rng.integers(4, 19)),
        blast_part=float(rng.uniform(0.6, 1.0)),
    )


def draw_crop(seed: int, *, size: int = 257) -> CropParameters:
    """Draw a crop; its label is given to `make_crop` and plays no part here.

    Magnification varies more than in a field, so that the size of the dark spot alone says less.
    """
    return CropParameters(slide=draw_slide(seed, pixel_spread=0.2), size=size)


def _draw_stain(rng: np.random.Generator) -> Stain:
    weights = rng.dirichlet(np.full(len(_STAINS), 0.7))

    def mixed(dyes: list[Absorption]) -> Absorption:
        red, green, blue = (weights @ np.asarray(dyes)) * rng.uniform(0.92, 1.08, 3)
        return float(red), float(green), float(blue)

    return Stain(
        eosin=mixed([stain.eosin for stain in _STAINS]),
        azure=mixed([stain.azure for stain in _STAINS]),
        basophilia=mixed([stain.basophilia for stain in _STAINS]),
        strength=float(rng.uniform(0.75, 1.25)),
    )
