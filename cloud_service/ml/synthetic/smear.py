"""Procedural fields and crops with ground truth.

Cells are laid out in micrometres, drawn as optical density, and photographed: light that passes is
`lamp x exp(-density)` (Beer-Lambert), then comes the focus blur, then the camera's noise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from cloud_service.ml.synthetic.layout import Placed, place_crop, place_field
from cloud_service.ml.synthetic.parameters import CropParameters, FieldParameters, Light, Slide, SmearLabel
from cloud_service.ml.synthetic.red_cells import platelet, red_cell
from cloud_service.ml.synthetic.shapes import Plane, smooth_noise
from cloud_service.ml.synthetic.white_cells import CellKind, white_cell

_LABEL_STREAMS: dict[SmearLabel, int] = {"not_all": 0, "all": 1}
_NOISE_TILE = 256
_BACKGROUND_STAIN = 0.035  # plasma proteins take a little eosin


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the ground truth; x, y (its centre) and radius in pixels."""

    kind: CellKind
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class SyntheticImage:
    """A rendered smear.

    Attributes:
        image: uint8, shape (height, width, 3), RGB.
        label: "all" where a lymphoblast is in it.
        cells: all cells whose centre lies in the image.
    """

    image: npt.NDArray[np.uint8]
    label: SmearLabel
    cells: tuple[Cell, ...]


def make_field(seed: int, parameters: FieldParameters) -> SyntheticImage:
    """Render a field of view; the same seed and parameters give the same pixels."""
    rng = np.random.default_rng((seed, _LABEL_STREAMS[parameters.label]))
    placed = place_field(rng, parameters)
    return _render(rng, parameters.slide, (parameters.height, parameters.width), placed, parameters.label)


def make_crop(seed: int, parameters: CropParameters, label: SmearLabel) -> SyntheticImage:
    """Render a crop around one white cell: a lymphoblast where the label is "all", else a mature cell."""
    rng = np.random.default_rng((seed, _LABEL_STREAMS[label]))
    placed = place_crop(rng, parameters, label)
    return _render(rng, parameters.slide, (parameters.size, parameters.size), placed, label)


def _render(
    rng: np.random.Generator, slide: Slide, shape: tuple[int, int], placed: list[Placed], label: SmearLabel
) -> SyntheticImage:
    canvas = _empty_slide(rng, slide, shape)
    for cell in placed:
        _draw(rng, slide, canvas, cell)
    image = _photograph(rng, slide, canvas)
    pixel = slide.pixel_size_um
    cells = tuple(Cell(cell.kind, cell.x / pixel, cell.y / pixel, cell.radius / pixel) for cell in placed)
    height, width = shape
    inside = tuple(cell for cell in cells if 0 <= cell.x < width and 0 <= cell.y < height)
    return SyntheticImage(image, label, inside)


def _empty_slide(rng: np.random.Generator, slide: Slide, shape: tuple[int, int]) -> Plane:
    """Optical density, shape (3, height, width), of plasma alone."""
    height, width = shape
    knots = (max(3, round(height * slide.pixel_size_um / 6)), max(3, round(width * slide.pixel_size_um / 6)))
    film = np.float32(_BACKGROUND_STAIN) * (1 + np.float32(0.3) * smooth_noise(rng, shape, knots))
    return film[None] * np.asarray(slide.stain.eosin, np.float32)[:, None, None]


def _draw(rng: np.random.Generator, slide: Slide, canvas: Plane, cell: Placed) -> None:
    match cell.kind:
        case CellKind.RED:
            density, hidden = red_cell(rng, slide, cell.radius), None
        case CellKind.PLATELET:
            density, hidden = platelet(rng, slide, cell.radius), None
        case kind:
            density, hidden = white_cell(rng, slide, kind, cell.radius)
    half = density.shape[1] // 2
    top, left = round(cell.y / slide.pixel_size_um) - half, round(cell.x / slide.pixel_size_um) - half
    rows = slice(max(0, top), min(canvas.shape[1], top + density.shape[1]))
    columns = slice(max(0, left), min(canvas.shape[2], left + density.shape[2]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    within = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    beneath = canvas[:, rows, columns]
    if hidden is not None:
        beneath *= 1 - hidden[within]
    beneath += density[:, *within]


def _photograph(rng: np.random.Generator, slide: Slide, canvas: Plane) -> npt.NDArray[np.uint8]:
    height, width = canvas.shape[1:]
    shade = _shade(slide.light, height, width)
    lamp = slide.light.level * np.array(
        [1 + 0.035 * slide.light.temperature, 1.0, 1 - 0.07 * slide.light.temperature], np.float32
    )
    pixels = np.empty((height, width, 3), np.uint8)
    for channel in range(3):
        light = np.exp(-canvas[channel])
        light *= shade
        light *= lamp[channel]
        pixels[..., channel] = np.clip(light, 0.0, 255.0, out=light)
    blur = slide.blur_um / slide.pixel_size_um
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(blur)))
    return _with_noise(rng, blurred, slide.noise)


def _shade(light: Light, height: int, width: int) -> Plane:
    """Light that falls on each pixel, 1 in the middle of the field."""
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    slope = np.float32(light.gradient / 2)
    tilt = x * np.float32(np.cos(light.angle)) * slope + y * np.float32(np.sin(light.angle)) * slope
    return 1 + tilt - (x * x + y * y) * np.float32(light.vignette / 2)


def _with_noise(rng: np.random.Generator, image: npt.NDArray[np.uint8], deviation: float) -> npt.NDArray[np.uint8]:
    """Add camera noise: one tile, repeated, as 15 million normal numbers take longer than all the rest."""
    tile = np.rint(rng.normal(0.0, deviation, (_NOISE_TILE, _NOISE_TILE, 3))).astype(np.int16)
    height, width = image.shape[:2]
    repeats = (-(-height // _NOISE_TILE), -(-width // _NOISE_TILE), 1)
    noisy = image.astype(np.int16) + np.tile(tile, repeats)[:height, :width]
    pixels: npt.NDArray[np.uint8] = np.clip(noisy, 0, 255).astype(np.uint8)
    return pixels
