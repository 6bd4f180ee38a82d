"""How an image of any shape becomes a square, and what of it is covered."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

Border = Literal["squash", "pad", "crop"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Level = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Level, Level, Level]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom lie outside."""

WHITE: Colour = (255, 255, 255)


class CornerMask(BaseModel):
    """Corners that are painted over, since a scale bar or a date there may tell the class or the camera.

    Shares are of the file's width and height, before any border is cut off or added. A corner's box is rounded up to
    whole pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    corners: tuple[Corner, ...] = Field(min_length=1)
    width: float = Field(gt=0.0, le=0.5, description="share of the file's width")
    height: float = Field(gt=0.0, le=0.5, description="share of the file's height")
    fill: Colour = Field(WHITE, description="what the corner becomes (R, G, B); white is nearest to an empty slide")

    def boxes(self, width: int, height: int) -> list[Box]:
        """The covered boxes of an image of this width and height."""
        across, down = math.ceil(self.width * width), math.ceil(self.height * height)
        found = []
        for corner in self.corners:
            left = 0 if corner.endswith("left") else width - across
            top = 0 if corner.startswith("top") else height - down
            found.append((left, top, left + across, top + down))
        return found

    def cover(self, image: Image.Image) -> Image.Image:
        """A copy of an RGB image with the corners painted over."""
        covered = image.copy()
        for box in self.boxes(*image.size):
            covered.paste(self.fill, box)
        return covered


@dataclass(frozen=True, slots=True)
class Frame:
    """Which part of a file lands where in the square.

    Attributes:
        taken: box of the file that is shown.
        shown: box of the square that it fills; the rest is border.
    """

    taken: Box
    shown: Box

    def in_square(self, box: Box) -> Box:
        """Where a box of the file lies in the square, rounded outwards and cut at the square's edges."""
        taken, shown = self.taken, self.shown
        across = (shown[2] - shown[0]) / (taken[2] - taken[0])
        down = (shown[3] - shown[1]) / (taken[3] - taken[1])
        return (
            max(shown[0], math.floor(shown[0] + (box[0] - taken[0]) * across)),
            max(shown[1], math.floor(shown[1] + (box[1] - taken[1]) * down)),
            min(shown[2], math.ceil(shown[0] + (box[2] - taken[0]) * across)),
            min(shown[3], math.ceil(shown[1] + (box[3] - taken[1]) * down)),
        )


def frame_of(width: int, height: int, size: int, border: Border) -> Frame:
    """How a file of this width and height comes into a square of `size`.

    - squash: the whole file, its aspect ratio lost;
    - pad: the whole file in the middle, at its aspect ratio, at least one pixel wide and high;
    - crop: the largest square in its middle.
    """
    match border:
        case "squash":
            return Frame((0, 0, width, height), (0, 0, size, size))
        case "pad":
            longer = max(width, height)
            across, down = max(1, round(width * size / longer)), max(1, round(height * size / longer))
            left, top = (size - across) // 2, (size - down) // 2
            return Frame((0, 0, width, height), (left, top, left + across, top + down))
        case "crop":
            side = min(width, height)
            left, top = (width - side) // 2, (height - side) // 2
            return Frame((left, top, left + side, top + side), (0, 0, size, size))


def framed(image: Image.Image, frame: Frame, size: int, fill: Colour, resample: Image.Resampling) -> Image.Image:
    """An RGB image resized into a square of `size`, as `frame` says, on a ground of `fill`."""
    left, top, right, bottom = frame.shown
    inner = image.resize((right - left, bottom - top), resample, box=frame.taken)
    if frame.shown == (0, 0, size, size):
        return inner
    square = Image.new("RGB", (size, size), fill)
    square.paste(inner, (left, top))
    return square


def uncovered(frame: Frame, size: int, covered: list[Box]) -> npt.NDArray[np.bool_]:
    """Which pixels (size, size) of the square show the slide: neither border nor one of the file's covered boxes."""
    seen = np.zeros((size, size), dtype=np.bool_)
    left, top, right, bottom = frame.shown
    seen[top:bottom, left:right] = True
    for box in covered:
        left, top, right, bottom = frame.in_square(box)
        seen[top : max(top, bottom), left : max(left, right)] = False
    return seen
