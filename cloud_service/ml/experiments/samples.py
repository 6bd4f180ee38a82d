"""Training images and what augmentation makes of them, as in the paper's Figure 7."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from cloud_service.ml.figures.sheet import draw_sheet
from cloud_service.ml.training.augmentation import augment
from cloud_service.ml.training.settings import AugmentationSettings

Pixels = NDArray[np.uint8]
"""An image, (S, S, 3)."""

_VARIED: Final = 5


def draw_augmented(images: dict[str, Pixels], settings: AugmentationSettings, *, seed: int) -> bytes:
    """A row for each image: as it is, then varied five times, as PNG.

    Args:
        images: title of the row → (S, S, 3) uint8; one or more.
        settings: how training varies images.
        seed: decides how they are varied here.
    """
    chance = Generator().manual_seed(seed)
    rows = {}
    for title, image in images.items():
        varied = augment(torch.from_numpy(np.stack([image] * _VARIED)), settings, chance)
        pixels = (varied * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        rows[title] = np.concatenate([image[None], pixels])
    return draw_sheet(rows, ("as it is", *["varied"] * _VARIED))
