import json
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest
import typer
from typer.testing import CliRunner

from cloud_service.ml import commands
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.package import ModelPackageError
from tests.support.model_packages import write_random_package

ROOT = Path(__file__).parents[4]


@pytest.fixture
def app() -> typer.Typer:
    program = typer.Typer()
    program.add_typer(commands.app)  # as the whole program does
    return program


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_package(tmp_path_factory.mktemp("packages") / "random").directory


def run(app: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_synthesise_draws_both_kinds_and_labels(app: typer.Typer, tmp_path: Path) -> None:
    run(app, "dataset", "synthesise", "--out", tmp_path / "data", "--crops", 4, "--fields", 2, "--seed", 5)
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
def test_train_on_procedural_images(app: typer.Typer, tmp_path: Path) -> None:
    run(app, "dataset", "synthesise", "--out", tmp_path / "data", "--crops", 12, "--fields", 2)
    out = run(app, "train", "--dataset", tmp_path / "data", "--out", tmp_path / "run", "--epochs", 1)
    assert "Held out, all:" in out
    assert "Unproven" in out
    assert run(app, "model", "show", tmp_path / "run/model").startswith("se-cnn 1")


def test_show_tells_what_the_model_is(app: typer.Typer, model: Path) -> None:
    out = run(app, "model", "show", model)
    assert "Clinical meaning: None." in out
    assert "Research use only" in out
    assert json.loads(run(app, "model", "show", "--json", model))["name"] == "random"


def test_verify_compares_files_and_runtimes(app: typer.Typer, model: Path) -> None:
    out = run(app, "model", "verify", model)
    assert "All files are those that the card names" in out
    assert "ONNX Runtime and torch agree" in out


def test_verify_refuses_an_altered_package(app: typer.Typer, model: Path, tmp_path: Path) -> None:
    altered = tmp_path / "altered"
    altered.mkdir()
    for path in model.iterdir():
        (altered / path.name).write_bytes(path.read_bytes())
    (altered / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelPackageError, match=r"model\.onnx is not the file"):
        run(app, "model", "verify", altered)


def test_export_builds_the_same_graph_anew(app: typer.Typer, model: Path, tmp_path: Path) -> None:
    run(app, "model", "export", model, "--out", tmp_path / "again.onnx")
    content = (tmp_path / "again.onnx").read_bytes()
    assert content == (model / "model.onnx").read_bytes()
    assert onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()[0].name == "pixels"


def test_the_commands_are_known_without_torch() -> None:
    program = "import sys, cloud_service.ml.commands; print(sorted({'torch', 'onnxruntime'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
