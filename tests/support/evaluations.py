"""A data set and a recipe so small that a whole package is made in a moment."""

from pathlib import Path

import numpy as np
from PIL import Image

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.records import EpochRecord
from cloud_service.ml.training.settings import Recipe
from shared.imaging.preprocess import PreprocessSpec

RECIPE = Recipe(
    network=NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    preprocess=PreprocessSpec(size=32, draft_edge=None),
)
EPOCH = EpochRecord(
    epoch=3,
    training_loss=0.7,
    validation_loss=0.7,
    validation_accuracy=0.5,
    learning_rate=0.001,
    images_per_second=1.0,
    seconds=1.0,
)


def write_squares(root: Path, *, groups: int, seed: int) -> Path:
    """A data set of coloured noise, dark where it shows ALL; a group has a crop and a field of each label."""
    chance = np.random.default_rng(seed)
    root.mkdir()
    lines = ["path,label,group,kind"]
    for index in range(4 * groups):
        is_all, kind = bool(index % 2), ("crop", "field")[index // 2 % 2]
        shade = chance.integers(0, 60, (40, 40, 3)) + (60 if is_all else 150)
        Image.fromarray(shade.astype(np.uint8)).save(root / f"{index}.png")
        lines.append(f"{index}.png,{'ALL' if is_all else 'NOT_ALL'},group-{index // 4},{kind}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root
