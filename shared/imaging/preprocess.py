"""From an image file to the network's input: one function for training and serving (DESIGN promise 6).

The spec is frozen and versioned and stands in each model's card. The resize filter and the draft edge belong to
it because both move the answer of a network that ends in a global maximum.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.imaging.decode import DEFAULT_LIMITS, ImageLimits, open_image
from shared.imaging.framing import WHITE, Border, Colour, CornerMask, frame_of, framed, uncovered
from shared.imaging.stain import StainNormalisation

Channels = tuple[float, float, float]
Scale = Annotated[float, Field(gt=0.0)]

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
}


class PreprocessSpec(BaseModel):
    """All that decides which numbers the network sees for a given file.

    The defaults follow Bukhari et al. 2022: the whole image squashed to 224 x 224 x 3 and scaled to 0..1; the
    paper names no mean or deviation, so none is taken off.

    The steps, in this order: decode, cover the corners, resize into the square, normalise the stain. Covered corners
    and the border do not count for the stain's statistics and keep their colour; where a mask covers all that is shown,
    the stain is left alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = Field(1, description="rises when the same fields would mean other pixels")
    size: int = Field(224, ge=32, le=2048, description="width and height of the network's input, pixels")
    draft_edge: int | None = Field(448, description="shorter side that DCT-scaled JPEG decoding keeps; null: off")
    resize_filter: Literal["bilinear", "bicubic", "box"] = "bilinear"
    border: Border = Field("squash", description="how a file that is not square fills the square")
    border_fill: Colour = Field(WHITE, description="colour (R, G, B) beside a file that is padded")
    corner_mask: CornerMask | None = Field(None, description="corners that are painted over; null: none")
    stain_normalisation: StainNormalisation | None = Field(None, description="target of the colours; null: as they are")
    mean: Channels = Field((0.0, 0.0, 0.0), description="taken off each channel (R, G, B), after scaling to 0..1")
    std: tuple[Scale, Scale, Scale] = Field((1.0, 1.0, 1.0), description="divides each channel after that")

    @model_validator(mode="after")
    def _draft_keeps_detail(self) -> Self:
        if self.draft_edge is not None and self.draft_edge < self.size:
            raise ValueError(f"draft_edge is {self.draft_edge}, which is less than the size of {self.size}")
        return self


DEFAULT_SPEC = PreprocessSpec()


def preprocess(
    source: bytes | Path, spec: PreprocessSpec = DEFAULT_SPEC, limits: ImageLimits = DEFAULT_LIMITS
) -> npt.NDArray[np.uint8]:
    """Decode one image and bring it into the network's square.

    Returns:
        uint8 of shape (spec.size, spec.size, 3), RGB.

    Raises:
        UnreadableImageError: as `shared.imaging.decode.open_image`.
        OSError: the file at `source` cannot be opened or read.
    """
    image = open_image(source, limits, draft_edge=spec.draft_edge)
    mask, stain, resample = spec.corner_mask, spec.stain_normalisation, _FILTERS[spec.resize_filter]
    frame = frame_of(*image.size, spec.size, spec.border)
    covered = mask.boxes(*image.size) if mask else []
    image = mask.cover(image) if mask else image
    pixels = np.asarray(framed(image, frame, spec.size, spec.border_fill, resample))
    if stain is None:
        return pixels
    seen = uncovered(frame, spec.size, covered)
    return np.where(seen[..., None], stain.apply(pixels, seen), pixels) if seen.any() else pixels


def normalise(batch: npt.NDArray[np.uint8], spec: PreprocessSpec = DEFAULT_SPEC) -> npt.NDArray[np.float32]:
    """Turn preprocessed images into the network's input.

    Args:
        batch: uint8 of shape (N, H, W, 3).
        spec: gives mean and deviation.

    Returns:
        float32 of shape (N, 3, H, W), contiguous: (value / 255 - mean) / std.

    Raises:
        ValueError: `batch` has another shape or type.
    """
    if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[3] != 3:  # noqa: PLR2004 - N, H, W, RGB
        raise ValueError(f"a batch is uint8 (N, H, W, 3); this one is {batch.dtype} {batch.shape}")
    scale = np.float32(1.0) / (np.float32(255.0) * np.asarray(spec.std, np.float32))
    shift = np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32)
    return np.ascontiguousarray((batch * scale - shift).transpose(0, 3, 1, 2))
