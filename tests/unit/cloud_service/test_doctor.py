"""The cloud's doctor without any server: what is amiss is said, with what to do, and ends with exit code 1."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_service import config, doctor
from cloud_service.cli import app
from cloud_service.config import Settings
from cloud_service.doctor import examine_by
from cloud_service.migrations import upgrade
from cloud_service.ml.model_card import PackageFile, QuantisedFigures
from cloud_service.ml.runtimes import choice
from cloud_service.ml.runtimes.choice import choices_for
from cloud_service.ml.runtimes.loading import RuntimeName
from shared.checks import Check
from tests.support.model_cards import a_card


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Settings of a machine on which no server runs."""
    return Settings(
        database_url=f"sqlite:///{tmp_path}/smearflow.db",
        blob_url=f"{tmp_path}/blobs",
        model_cache_dir=tmp_path / "models",
        redis_url="redis://:secret@127.0.0.1:1/0",
        broker_port=1,
    )


def findings(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine_by(settings)}


def test_a_machine_without_servers(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "settings", lambda: alone)
    monkeypatch.delenv("SMEARFLOW_ENV_FILE", raising=False)

    shown = CliRunner().invoke(app, ["doctor", "--json"])

    assert shown.exit_code == 1
    found = {check["name"]: check for check in json.loads(shown.stdout)}
    good = {name for name, check in found.items() if check["good"]}
    assert good == {"settings", "blob store", "model", "runtime", "disk"}
    assert "smearflow migrate" in found["database"]["advice"]
    assert "secret" not in shown.stdout
    assert "auto chooses" in found["runtime"]["finding"]
    assert "not torch" in found["runtime"]["finding"]


def test_tables_of_another_version_and_a_broker_that_is_away(alone: Settings) -> None:
    upgrade(alone.database_url, "0003")
    assert "of 0003, not" in findings(alone)["database"].finding

    upgrade(alone.database_url)
    found = findings(alone)
    assert found["database"].good
    assert "Connection refused" in found["broker"].finding
    assert "SMEARFLOW_BROKER_HOST" in found["broker"].advice


def test_settings_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMEARFLOW_ENV_FILE", str(tmp_path / "none.env"))
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 1
    assert "BAD  settings" in shown.output
    assert "     → Let SMEARFLOW_ENV_FILE" in shown.output

    monkeypatch.delenv("SMEARFLOW_ENV_FILE")
    monkeypatch.setenv("SMEARFLOW_BROKER_PORT", "many")
    config.settings.cache_clear()
    assert "broker_port" in CliRunner().invoke(app, ["doctor"]).output


def test_a_model_that_was_altered_and_a_runtime_that_is_not_known(alone: Settings, tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(alone.model_dir, package)
    (package / "model.onnx").write_bytes(b"other")
    found = findings(alone.model_copy(update={"model_dir": package}))
    assert "SHA-256" in found["model"].finding
    assert "runtime" not in found

    found = findings(alone.model_copy(update={"runtime": "abacus"}))
    assert "onnxruntime-int8" in found["runtime"].advice


@pytest.mark.parametrize(
    ("accuracy", "chosen", "reason"),
    [
        (None, RuntimeName.ONNXRUNTIME, "model quantise"),
        (0.90, RuntimeName.ONNXRUNTIME, "5.00 points of accuracy lost"),
        (0.95, RuntimeName.ONNXRUNTIME_INT8, "fit by the card"),
    ],
)
def test_why_a_runtime_is_chosen(accuracy: float | None, chosen: RuntimeName, reason: str) -> None:
    figures = accuracy and QuantisedFigures(
        calibrated_on=1,
        images=100,
        accuracy=accuracy,
        accuracy_in_float32=0.95,
        changed_labels=0,
        largest_difference=0.0,
        mean_difference=0.0,
    )
    files = {PackageFile.QUANTISED: "0" * 64} if figures else {}
    choices = {each.name: each for each in choices_for(a_card(quantised=figures, files=files))}

    assert [name for name, each in choices.items() if each.chosen] == [chosen]
    assert reason in choices[RuntimeName.ONNXRUNTIME_INT8].reason


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: None)
    assert {each.reason for each in choices_for(a_card())} >= {"torch is not installed", "onnxruntime is not installed"}
