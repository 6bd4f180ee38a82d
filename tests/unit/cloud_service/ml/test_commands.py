import errno
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from cloud_service.ml import commands
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.package import ModelPackageError, PackageFile
from cloud_service.ml.training.presets import MODERN
from shared.errors import PermanentError
from tests.support.commands import Commands
from tests.support.model_packages import write_random_package
from tests.support.photographs import draw_crops

ROOT = Path(__file__).parents[4]
DEMO_MODEL = ROOT / "cloud_service" / "ml" / "demo_model"

run = Commands().said


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_package(tmp_path_factory.mktemp("packages") / "random").directory


def test_synthesise_draws_both_kinds_and_labels(tmp_path: Path) -> None:
    run("dataset", "synthesise", "--out", tmp_path / "data", "--crops", 4, "--fields", 2, "--seed", 5)
    samples = read_dataset(tmp_path / "data")
    assert sorted((sample.kind, sample.is_all) for sample in samples) == [
        ("crop", False),
        ("crop", False),
        ("crop", True),
        ("crop", True),
        ("field", False),
        ("field", True),
    ]
    assert len({sample.group for sample in samples}) == 3  # a slide gives one image of each label


@pytest.mark.slow
def test_train_on_procedural_images(tmp_path: Path) -> None:
    run("dataset", "synthesise", "--out", tmp_path / "data", "--crops", 12, "--fields", 2)
    masked = tmp_path / "masked.toml"
    masked.write_text("[preprocess]\ncorner_mask = {corners = ['bottom-right'], width = 0.2, height = 0.1}\n")
    options = ("--recipe", "modern", "--preprocess", masked, "--epochs", 1)
    out = run("train", "--dataset", tmp_path / "data", "--out", tmp_path / "run", *options)
    assert "Held out, all " in out
    assert "Unproven" in out
    assert run("model", "show", tmp_path / "run/model").startswith("se-cnn 1")
    preprocess = json.loads(run("model", "show", "--json", tmp_path / "run/model"))["preprocess"]
    assert preprocess["size"] == MODERN.preprocess.size  # as the recipe has it
    assert preprocess["corner_mask"]["corners"] == ["bottom-right"]


def test_show_tells_what_the_model_is(model: Path) -> None:
    out = run("model", "show", model)
    assert "Clinical meaning: None." in out
    assert "Research use only" in out
    assert json.loads(run("model", "show", "--json", model))["name"] == "random"


def test_verify_compares_files_and_runtimes(model: Path) -> None:
    out = run("model", "verify", model)
    assert "All files are those that the card names" in out
    assert "ONNX Runtime and torch agree" in out


def test_verify_refuses_an_altered_package(model: Path, tmp_path: Path) -> None:
    altered = tmp_path / "altered"
    altered.mkdir()
    for path in model.iterdir():
        (altered / path.name).write_bytes(path.read_bytes())
    (altered / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelPackageError, match=r"model\.onnx is not the file"):
        run("model", "verify", altered)


def test_export_builds_the_same_graph_anew(model: Path, tmp_path: Path) -> None:
    run("model", "export", model, "--out", tmp_path / "again.onnx")
    content = (tmp_path / "again.onnx").read_bytes()
    assert content == (model / "model.onnx").read_bytes()
    assert onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()[0].name == "pixels"


def test_renew_keeps_the_weights_and_adds_the_map(model: Path, tmp_path: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    earlier = tmp_path / "earlier"
    shutil.copytree(model, earlier)
    (earlier / "card.json").write_text(json.dumps(card | {"attention": None}))
    run("model", "renew", earlier, "--out", tmp_path / "renewed")
    assert (tmp_path / "renewed/weights.safetensors").read_bytes() == (model / "weights.safetensors").read_bytes()
    assert json.loads((tmp_path / "renewed/card.json").read_text())["attention"] == card["attention"]
    for package in (earlier, tmp_path / "renewed"):
        assert "ONNX Runtime and torch agree" in run("model", "verify", package)


@pytest.mark.slow
def test_eight_bits_come_to_a_package_that_has_none(tmp_path: Path) -> None:
    run("dataset", "synthesise", "--out", tmp_path / "data", "--crops", 12, "--fields", 2)
    run("train", "--dataset", tmp_path / "data", "--out", tmp_path / "run", "--epochs", 1)
    trained = tmp_path / "run" / "model"
    run("model", "renew", trained, "--out", tmp_path / "plain")
    assert not (tmp_path / "plain" / PackageFile.QUANTISED).exists()
    parts = ("--dataset", tmp_path / "data", "--split", tmp_path / "run" / "split.json")
    out = run("model", "quantise", tmp_path / "plain", *parts, "--out", tmp_path / "again")
    assert "In eight bits, held out: accuracy" in out
    for name in PackageFile:
        assert (tmp_path / "again" / name).read_bytes() == (trained / name).read_bytes()
    run("dataset", "split", tmp_path / "data", "--out", tmp_path / "other.json", "--seed", 9)
    other = ("--dataset", tmp_path / "data", "--split", tmp_path / "other.json")
    with pytest.raises(DatasetError, match="was not trained by this split"):
        run("model", "quantise", tmp_path / "plain", *other, "--out", tmp_path / "no")


def test_photographs_are_compared_on_too(model: Path, tmp_path: Path) -> None:
    draw_crops(tmp_path, 2)
    assert "agree on 9 images" in run("model", "verify", model, "--images", tmp_path)
    assert "on 9 images" in run("model", "export", model, "--images", tmp_path, "--out", tmp_path / "again.onnx")
    (tmp_path / "none").mkdir()
    with pytest.raises(PermanentError, match="holds no photographs"):
        run("model", "verify", model, "--images", tmp_path / "none")
    (tmp_path / "none/half.jpg").write_text("no image")
    with pytest.raises(PermanentError, match=r"half\.jpg cannot be compared on: "):
        run("model", "verify", model, "--images", tmp_path / "none")


def test_cost_counts_every_network() -> None:
    lines = run("model", "cost").splitlines()
    assert [line[:15].strip() for line in lines] == ["SE-CNN", "traditional CNN", "ResNet-34", "DenseNet-121"]
    assert "113,263 parameters" in lines[0]
    assert "460.95 million multiply-accumulates" in lines[0]


def test_cost_by_layer_and_as_json() -> None:
    assert "blocks.1.convolution" in run("model", "cost", "--layers")
    costs = json.loads(run("model", "cost", "--json", "--size", "64"))
    assert [cost["parameters"] for cost in costs[:2]] == [113_263, 110_337]
    assert costs[0]["layers"][0]["output"] == [32, 62, 62]


def test_explain_draws_an_overlay_and_says_what_it_is_worth(tmp_path: Path) -> None:
    (crop,) = draw_crops(tmp_path, 1)
    out = run("model", "explain", DEMO_MODEL, crop, "--out", tmp_path / "overlay.png")
    assert "No blast features seen. Probability of ALL" in out
    assert "research use only" in out
    assert (tmp_path / "overlay.png").read_bytes().startswith(b"\x89PNG")


def test_what_exists_is_never_overwritten(model: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.onnx").write_bytes(b"precious")
    with pytest.raises(PermanentError, match=r"taken\.onnx cannot be written: File exists"):
        run("model", "export", model, "--out", tmp_path / "taken.onnx")
    assert (tmp_path / "taken.onnx").read_bytes() == b"precious"


def test_nothing_half_written_is_left_of_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _content: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(path: Path, _mode: str) -> FullDisk:
        path.touch()
        return FullDisk()

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(PermanentError, match="No space left"):
        commands._write_new(tmp_path / "overlay.png", b"content")
    assert list(tmp_path.iterdir()) == []


def test_explanations_are_checked_on_procedural_fields(model: Path) -> None:
    found = json.loads(run("model", "check-explanations", model, "--fields", 1, "--json"))
    assert found["on_blasts"]["fields"] == 1
    out = run("model", "check-explanations", model, "--fields", 1)
    assert "For ALL, on blasts: the strongest place lies there in" in out
    assert "With random weights in all layers: rank correlation" in out


def test_the_commands_are_known_without_torch() -> None:
    heavy = {"torch", "onnxruntime", "monai", "matplotlib", "sklearn"}
    program = f"import sys, cloud_service.ml.commands; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
