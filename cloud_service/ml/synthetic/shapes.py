"""Shapes and textures of cells, in micrometres, on a small grid of pixels around a cell's centre.

A shape is its *depth*: micrometres inside the outline, negative outside.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Plane = npt.NDArray[np.float32]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixel centres around a cell.

    Attributes:
        x: shape (1, n) or (n, n), micrometres to the right of the cell's centre.
        y: shape (n, 1) or (n, n), micrometres below it.
        pixel_um: micrometres a pixel.
    """

    x: Plane
    y: Plane
    pixel_um: float

    @property
    def side(self) -> int:
        """Number of pixels each way, always odd."""
        return int(self.y.shape[0])


def make_grid(radius_um: float, pixel_um: float) -> Grid:
    """A square grid that holds a circle of `radius_um` and a little more."""
    half = int(np.ceil(radius_um / pixel_um)) + 3
    axis = np.arange(-half, half + 1, dtype=np.float32) * np.float32(pixel_um)
    return Grid(x=axis[None, :], y=axis[:, None], pixel_um=pixel_um)


def warped(grid: Grid, rng: np.random.Generator, by_um: float, grain_um: float) -> Grid:
    """The same grid as seen through uneven glass, so that no outline drawn on it stays geometric."""
    x = grid.x + np.float32(by_um) * noise(grid, rng, grain_um)
    y = grid.y + np.float32(by_um) * noise(grid, rng, grain_um)
    return Grid(x=x, y=y, pixel_um=grid.pixel_um)


def blob(
    grid: Grid,
    rng: np.random.Generator,
    radius: float,
    *,
    roughness: float,
    squash: float = 1.0,
    centre: Point = (0.0, 0.0),
) -> Plane:
    """Depth inside a roundish outline: an ellipse whose radius waves by about `roughness` of itself."""
    turn = rng.uniform(0.0, 2 * np.pi)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x, y = grid.x - np.float32(centre[0]), grid.y - np.float32(centre[1])
    along, across = x * cos + y * sin, (y * cos - x * sin) / np.float32(squash)
    angle = np.arctan2(across, along)
    outline = np.ones_like(angle)
    for order in (2, 3, 4, 5):
        height = np.float32(rng.normal(0.0, roughness / order))
        outline += height * np.cos(np.float32(order) * angle + np.float32(rng.uniform(0.0, 2 * np.pi)))
    depth: Plane = np.float32(radius) * outline - np.hypot(along, across)
    return depth


def capsule(grid: Grid, start: Point, end: Point, half_width: float, taper: float = 1.0) -> Plane:
    """Depth inside a thick line, whose width at its end is `taper` times that at its start."""
    along = np.asarray(end, np.float32) - np.asarray(start, np.float32)
    length = float(along @ along) or 1.0
    x, y = grid.x - np.float32(start[0]), grid.y - np.float32(start[1])
    part = np.clip((x * along[0] + y * along[1]) / np.float32(length), 0.0, 1.0)
    reach = np.float32(half_width) * (1 - np.float32(1 - taper) * part)
    depth: Plane = reach - np.hypot(x - part * along[0], y - part * along[1])
    return depth


def cover(depth: Plane, soft_um: float = 0.25) -> Plane:
    """0 outside to 1 inside, with an edge about `soft_um` wide."""
    part = np.clip(depth / np.float32(soft_um) + np.float32(0.5), 0.0, 1.0)
    covered: Plane = part * part * (np.float32(3.0) - np.float32(2.0) * part)
    return covered


def noise(grid: Grid, rng: np.random.Generator, grain_um: float) -> Plane:
    """Smooth random values, mean 0 and deviation near 1, that change over about `grain_um`."""
    cells = max(3, round(grid.side * grid.pixel_um / grain_um))
    return smooth_noise(rng, (grid.side, grid.side), (cells, cells))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], knots: tuple[int, int]) -> Plane:
    """Random values at `knots` (rows, columns), interpolated to `shape`."""
    values = rng.standard_normal(knots, np.float32)
    image = Image.fromarray(values).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) * np.float32(1.35)  # interpolation lowers the deviation


def direction(rng: np.random.Generator, length: float) -> Point:
    """A point at `length` from the centre, any way."""
    angle = rng.uniform(0.0, 2 * np.pi)
    return float(length * np.cos(angle)), float(length * np.sin(angle))
