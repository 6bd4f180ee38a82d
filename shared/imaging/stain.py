"""Normalisation of an image's colours, so that one laboratory's stain and lamp look like another's.

Worked out in float64: the numbers become bytes again at the end, and another processor's last digit must not show.
"""

from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Pixels = npt.NDArray[np.uint8]
Seen = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Positive = Annotated[float, Field(gt=0.0)]
Triple = tuple[float, float, float]

LARGEST_GAIN = 3.0
"""Most by which contrast or light is raised; beyond it, the noise of a blank field would turn into stain."""

# Reinhard et al. (2001), equations 4 and 6: RGB → LMS, and log LMS → l, alpha, beta.
_TO_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_TO_LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1.0, 1.0, 1.0], [1.0, 1.0, -2.0], [1.0, -1.0, 0.0]])
_BRIGHTEST = 0.25


class Reinhard(BaseModel):
    """Each of the axes l, alpha and beta gets this mean and deviation (Reinhard et al., 2001, equations 10 and 11).

    An image's own contents move its mean, so that a field full of nuclei is lightened: suited to images of the same
    kind, such as single cells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["reinhard"] = "reinhard"
    mean: Triple = Field(description="of l, alpha and beta, with logarithms to the base 10 of light between 0 and 1")
    deviation: tuple[Positive, Positive, Positive] = Field(description="of l, alpha and beta")

    @classmethod
    def of(cls, pixels: Pixels) -> Self:
        """The target that makes other images look like `pixels` (..., 3), which must have contrast in each axis."""
        axes = _to_lab(pixels.reshape(-1, 3))
        mean, deviation = axes.mean(axis=0).tolist(), axes.std(axis=0).tolist()
        return cls(mean=tuple(mean), deviation=tuple(deviation))

    def apply(self, pixels: Pixels, seen: Seen) -> Pixels:
        """Pixels (H, W, 3) normalised by those that are `seen` (H, W), of which there is at least one."""
        axes = _to_lab(pixels)
        known = axes[seen]
        target = np.array(self.deviation)
        gain = target / np.maximum(known.std(axis=0), target / LARGEST_GAIN)
        return _to_rgb((axes - known.mean(axis=0)) * gain + np.array(self.mean))


class Background(BaseModel):
    """The empty slide gets this colour, everything else the same share of light as it had of the slide's.

    By the law of Beer and Lambert that takes the lamp and the camera's white balance out and leaves the stain as it is.
    The slide's colour is the median of the brightest quarter of an image in green, which both dyes absorb; where less
    than that is empty, the image becomes too light.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["background"] = "background"
    level: tuple[Positive, Positive, Positive] = Field(
        (240.0, 240.0, 240.0), description="colour that the empty slide gets (R, G, B), at most 255 to be of use"
    )

    def apply(self, pixels: Pixels, seen: Seen) -> Pixels:
        """Pixels (H, W, 3) normalised by those that are `seen` (H, W), of which there is at least one."""
        known = pixels[seen]
        green = known[:, 1]
        slide = np.median(known[green >= np.quantile(green, 1 - _BRIGHTEST)], axis=0)
        target = np.array(self.level)
        gain = target / np.maximum(slide, target / LARGEST_GAIN)
        table = np.minimum(np.rint(np.arange(256.0)[:, None] * gain), 255.0).astype(np.uint8)  # (256, 3)
        return np.stack([table[pixels[..., channel], channel] for channel in range(3)], axis=-1)


StainNormalisation = Annotated[Reinhard | Background, Field(discriminator="method")]


def _to_lab(pixels: Pixels) -> Floats:
    light = np.maximum(pixels, 1) / 255.0  # black has no logarithm
    return np.asarray(np.log10(light @ _TO_LMS.T) @ _TO_LAB.T)


def _to_rgb(axes: Floats) -> Pixels:
    lms = 10.0 ** (axes @ np.linalg.inv(_TO_LAB).T)
    light = lms @ np.linalg.inv(_TO_LMS).T
    return np.asarray(np.rint(np.clip(light, 0.0, 1.0) * 255.0).astype(np.uint8))
