"""Pictures that are no blood smear, drawn from a seed: what an out-of-distribution flag is tried on.

They stand in for what can come before a microscope's camera by mistake. Natural photographs are imitated by three of
their known statistics: surfaces that hide one another ("dead leaves", Lee, Mumford and Huang 2001), amplitudes that
fall with frequency as 1/f (Field 1987), and smooth shading.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.uint8]

_WORDS: Final = ("specimen", "slide", "order", "Monday", "label", "stain", "ward", "7", "please", "repeat", "urgent")


class Probe(StrEnum):
    """Kinds of pictures, and how a report calls them."""

    PHOTOGRAPH = "photograph-like pictures"  # the five kinds of `_PHOTOGRAPHS`, in turn
    BLANK = "blank fields"
    OTHER_STAIN = "another stain"  # images of the data set itself with their hue turned
    NOISE = "noise"


def draw_probes(probe: Probe, *, count: int, size: int, seed: int) -> Picture:
    """`count` pictures (count, size, size, 3) uint8 of one kind; the same arguments draw the same pictures.

    Raises:
        ValueError: the kind is made from images (see `turn_hue`), not drawn.
    """
    chances = [np.random.default_rng((seed, index)) for index in range(count)]
    match probe:
        case Probe.PHOTOGRAPH:
            drawn = [_PHOTOGRAPHS[index % len(_PHOTOGRAPHS)](size, chance) for index, chance in enumerate(chances)]
        case Probe.BLANK:
            drawn = [_blank(size, chance) for chance in chances]
        case Probe.NOISE:
            drawn = [_noise(size, chance) for chance in chances]
        case Probe.OTHER_STAIN:
            raise ValueError(f"{probe} is made from images by turn_hue, not drawn.")
    return np.stack(drawn)


def turn_hue(pixels: Picture, degrees: float) -> Picture:
    """Images (N, S, S, 3) uint8 with their hue turned about the grey axis, brightness kept as far as colours allow.

    At 120 degrees purple nuclei on pink cells become green on yellow, as no Romanowsky stain shows them.
    """
    angle = np.deg2rad(degrees)
    third, root = 1.0 / 3.0, np.sqrt(1.0 / 3.0)
    # Rodrigues' rotation about the axis (1, 1, 1) / √3.
    mixing = (
        np.cos(angle) * np.eye(3)
        + (1.0 - np.cos(angle)) * third
        + np.sin(angle) * root * np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    )
    return np.asarray(np.clip(np.rint(pixels @ mixing.T), 0, 255), dtype=np.uint8)


def _dead_leaves(size: int, chance: np.random.Generator) -> Picture:
    """Discs that hide one another, their radii falling off as r^-3, softly lit."""
    image = Image.new("RGB", (size, size))
    draw = ImageDraw.Draw(image)
    palette = chance.integers(10, 245, (8, 3))
    smallest, largest = 0.012 * size, 0.3 * size
    for _ in range(900):
        radius = smallest / np.sqrt(1.0 - chance.random() * (1.0 - (smallest / largest) ** 2))
        x, y = chance.uniform(-0.1 * size, 1.1 * size, 2)
        colour = np.clip(palette[chance.integers(8)] + chance.normal(0.0, 14.0, 3), 0, 255).astype(int)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colour.tolist()))
    above, below = chance.uniform(0.7, 1.1, 2).tolist()
    shade = np.linspace(above, below, size)[:, None, None]
    return _finished(np.asarray(image.filter(ImageFilter.GaussianBlur(size / 300.0))) * shade, chance)


def _clouds(size: int, chance: np.random.Generator) -> Picture:
    """Amplitudes that fall with frequency as 1/f, in colours that go together as a landscape's do."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    fall = 1.0 / np.maximum(frequency, 1.0 / size) ** chance.uniform(1.0, 1.4)
    planes = np.stack(
        [np.fft.irfft2(np.fft.rfft2(chance.normal(size=(size, size))) * fall, (size, size)) for _ in "rgb"], -1
    )
    planes /= planes.std(axis=(0, 1))
    together = 0.8 * planes[..., :1] + 0.6 * planes
    return _finished(chance.uniform(70, 180, 3) + chance.uniform(25, 50) * together, chance)


def _shaded_shapes(size: int, chance: np.random.Generator) -> Picture:
    """A few lit bodies before a wall: balls, and boxes with straight edges."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    image = chance.uniform(60, 220, 3) * (0.7 + 0.5 * rows[..., None])
    for _ in range(int(chance.integers(2, 6))):
        y, x, radius = *chance.uniform(0.1, 0.9, 2), chance.uniform(0.08, 0.3)
        distance = np.hypot(rows - y, columns - x) / radius
        box = np.maximum(abs(rows - y), abs(columns - x)) / radius
        inside = (distance if chance.random() < 0.6 else box) < 1.0  # noqa: PLR2004 - more balls than boxes
        light = np.clip(1.1 - 0.7 * np.hypot(rows - y + 0.4 * radius, columns - x + 0.4 * radius) / radius, 0.2, 1.2)
        image = np.where(inside[..., None], chance.uniform(40, 250, 3) * light[..., None], image)
    return _finished(image, chance)


def _gradient(size: int, chance: np.random.Generator) -> Picture:
    """A sky over a darker ground."""
    rows = np.linspace(0.0, 1.0, size)[:, None, None]
    top, bottom, ground = chance.uniform(40, 255, (3, 3))
    horizon = chance.uniform(0.4, 0.9)
    sky = top + (bottom - top) * rows / horizon
    return _finished(np.where(rows < horizon, sky, 0.6 * ground) + np.zeros((size, size, 3)), chance)


def _page_of_text(size: int, chance: np.random.Generator) -> Picture:
    """A page or a label in dark letters on light paper."""
    paper, ink = chance.integers(200, 256, 3), chance.integers(0, 90, 3)
    image = Image.new("RGB", (size, size), tuple(paper.tolist()))
    draw = ImageDraw.Draw(image)
    height = int(chance.integers(9, 26))
    for y in range(height // 2, size, int(1.5 * height)):
        line = " ".join(chance.choice(_WORDS, 12))
        draw.text((height, y), line, fill=tuple(ink.tolist()), font_size=height)
    return _finished(np.asarray(image, np.float64), chance)


_PHOTOGRAPHS: Final[tuple[Callable[[int, np.random.Generator], Picture], ...]] = (
    _dead_leaves, _clouds, _shaded_shapes, _gradient, _page_of_text
)  # fmt: skip


def _blank(size: int, chance: np.random.Generator) -> Picture:
    """An empty slide under an uneven lamp; one in five is black or white."""
    if chance.random() < 0.2:  # noqa: PLR2004 - one in five
        return np.full((size, size, 3), chance.choice([0, 255]), np.uint8)
    light = chance.uniform(140, 250) * np.array([1.0, chance.uniform(0.94, 1.0), chance.uniform(0.88, 1.0)])
    rows, columns = np.mgrid[-0.5 : 0.5 : size * 1j, -0.5 : 0.5 : size * 1j]
    slope = 1.0 + chance.uniform(-0.1, 0.1) * rows + chance.uniform(-0.1, 0.1) * columns
    return _finished(light * slope[..., None], chance)


def _noise(size: int, chance: np.random.Generator) -> Picture:
    """Grains of one pixel or of a few, grey or coloured."""
    grain, channels = int(chance.integers(1, 5)), int(chance.choice([1, 3]))
    side = -(-size // grain)
    cells = chance.integers(0, 256, (side, side, channels)).repeat(grain, 0).repeat(grain, 1)[:size, :size]
    return np.broadcast_to(cells, (size, size, 3)).astype(np.uint8)


def _finished(image: NDArray[np.float64], chance: np.random.Generator) -> Picture:
    """With a camera's noise, as uint8."""
    return np.clip(np.rint(image + chance.normal(0.0, chance.uniform(0.5, 3.0), image.shape)), 0, 255).astype(np.uint8)
