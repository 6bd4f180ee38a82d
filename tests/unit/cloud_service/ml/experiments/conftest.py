from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec

RECIPE = Recipe(
    network=NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    preprocess=PreprocessSpec(size=32, draft_edge=None),
    training=TrainingSettings(epochs=2, batch_size=4, threads=1),
)


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.json"
    file.write_text(RECIPE.model_dump_json())
    return file


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """24 pictures in the layout of ALL-IDB2, all different."""
    return draw(tmp_path / "cells", "img/Im{number:03d}_{label}.tif", seed=1)


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """24 pictures under a manifest, two a group."""
    root = draw(tmp_path / "fields", "{number:03d}_{label}.png", seed=2)
    lines = ["path,label,group"]
    for file in sorted(root.glob("*.png")):
        number, label = file.stem.split("_")
        lines.append(f"{file.name},{'ALL' if label == '1' else 'NOT_ALL'},g{int(number) // 4 * 2 + int(label)}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


def draw(root: Path, name: str, *, seed: int) -> Path:
    chance = np.random.default_rng(seed)
    for number in range(24):
        label = number % 2
        path = root / name.format(number=number, label=label)
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = chance.integers(0, 120, (10, 10, 3), dtype=np.uint8) + (20 if label else 120)
        Image.fromarray(noise.astype(np.uint8)).resize((40, 40), Image.Resampling.NEAREST).save(path)
    return root
