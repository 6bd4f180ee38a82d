import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image

from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.export import ExportError
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.package import load_package
from cloud_service.ml.packaging import CardTexts
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.training.loop import EpochRecord, TrainingError
from cloud_service.ml.training.run import Listener, run_training
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec, preprocess

RECIPE = Recipe(
    network=NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    preprocess=PreprocessSpec(size=32, draft_edge=None),
    training=TrainingSettings(epochs=2, batch_size=4, threads=1),
)
TEXTS = CardTexts(data="Dark and light squares.")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    lines = ["path,label,kind"]
    for index in range(24):
        label, kind = ("ALL", "NOT_ALL")[index % 2], ("crop", "field")[index // 2 % 2]
        root.mkdir(exist_ok=True)
        shade = 60 + index if label == "ALL" else 220 - index
        Image.fromarray(np.full((40, 40, 3), shade, dtype=np.uint8)).save(root / f"{index}.png")
        lines.append(f"{index}.png,{label},{kind}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


def test_leaves_a_package_and_a_line_an_epoch(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    package = run_training(dataset, out, RECIPE, TEXTS)
    assert load_package(out / "model") == package
    records = [EpochRecord.model_validate_json(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [record.epoch for record in records] == [1, 2]
    card = package.card
    assert (card.network, card.preprocess) == (RECIPE.network, RECIPE.preprocess)
    assert card.training.settings["epochs"] == 2
    assert card.training.chosen_epoch == min(records, key=lambda record: record.validation_loss).epoch
    assert card.onnx_difference <= 1e-4


def test_every_image_is_counted_once_and_each_kind_is_measured(dataset: Path, tmp_path: Path) -> None:
    card = run_training(dataset, tmp_path / "run", RECIPE, TEXTS).card
    whole, *kinds = card.held_out
    assert card.training.images_trained_on + card.training.images_chosen_by + whole.images == 24
    assert [part.part for part in (whole, *kinds)] == ["all", "crop", "field"]
    assert sum(part.images for part in kinds) == whole.images


def test_the_package_serves(dataset: Path, tmp_path: Path) -> None:
    package = run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    pixels = np.stack([preprocess(dataset / f"{index}.png", package.card.preprocess) for index in range(4)])
    served, reference = (load_runtime(package, name).predict(pixels) for name in ("onnxruntime", "torch"))
    np.testing.assert_allclose(served, reference, atol=1e-5)


def test_progress_is_told(dataset: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    listener = Listener(
        on_images=lambda count: heard.append(f"{count} images"),
        on_image=lambda: heard.append("image"),
        on_epoch=lambda record: heard.append(f"epoch {record.epoch}"),
    )
    run_training(dataset, tmp_path / "run", RECIPE, TEXTS, listener)
    assert heard == ["24 images", *["image"] * 24, "epoch 1", "epoch 2"]


def test_an_earlier_run_is_not_overwritten(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "metrics.jsonl").write_text("earlier")
    with pytest.raises(TrainingError, match="earlier run"):
        run_training(dataset, out, RECIPE, TEXTS)
    assert (out / "metrics.jsonl").read_text() == "earlier"


def test_a_broken_image_is_named_before_anything_is_written(dataset: Path, tmp_path: Path) -> None:
    (dataset / "7.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"7\.png of the data set cannot be used"):
        run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    assert not (tmp_path / "run").exists()


def test_the_card_is_written_for_other_programs(dataset: Path, tmp_path: Path) -> None:
    package = run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    card = json.loads((package.directory / "card.json").read_text())
    assert set(card["files"]) == {"model.onnx", "weights.safetensors", "statistics.safetensors"}
    assert "Research use only" in card["research_use"]
    assert len(card["training"]["data_digest"]) == 64


def test_the_weights_survive_a_refused_export(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_service.ml.export.LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ExportError, match="Do not use the ONNX file"):
        run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    assert not (tmp_path / "run/model").exists()
    weights = safetensors.torch.load_file(tmp_path / "run/trained.safetensors")
    SECNN(RECIPE.network).load_state_dict(weights)
