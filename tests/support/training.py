"""A small task that a small network learns, and the recipe for it."""

import numpy as np
import torch

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.records import EpochRecord, LabelledPixels
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec

SPEC = PreprocessSpec(size=32, draft_edge=None)
SMALL = NetworkSettings(filters=(4, 4, 8), reduction=2, hidden_units=8)


def small_recipe(**settings: object) -> Recipe:
    """A recipe of a few seconds with these TrainingSettings."""
    defaults = {"threads": 1, "augmentation": "square", "device": "cpu"}
    return Recipe(network=SMALL, preprocess=SPEC, training=TrainingSettings.model_validate({**defaults, **settings}))


def dots(count: int, seed: int) -> LabelledPixels:
    """Light noise; each second image has a dark square somewhere, and the label 1."""
    chance = np.random.default_rng(seed)
    pixels = chance.integers(180, 255, (count, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(count) % 2).astype(np.float32)
    for image in pixels[1::2]:
        row, column = chance.integers(4, 20, 2)
        image[row : row + 6, column : column + 6] = 40
    return LabelledPixels(torch.from_numpy(pixels), torch.from_numpy(labels))


def timeless(history: tuple[EpochRecord, ...]) -> list[dict[str, object]]:
    """Records without what a clock decides."""
    return [record.model_dump(exclude={"seconds", "images_per_second"}) for record in history]


def flat_weights(network: torch.nn.Module) -> torch.Tensor:
    """All of a network's numbers, in one row."""
    return torch.cat([value.flatten().double() for value in network.state_dict().values()])
