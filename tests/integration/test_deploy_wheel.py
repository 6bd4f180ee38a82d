"""What the images hold: the wheel, and what is installed with the extra `edge` or `cloud` alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloud_service.app import DASHBOARD
from tests.support.deployment import ROOT

UV = Path(sys.executable).with_name("uv")
DEMO_MODEL = "cloud_service/ml/demo_model/"
REPORT_TEMPLATES = Path(__file__).parents[2] / "cloud_service/ml/experiments/templates"
FONTS = Path(__file__).parents[2] / "cloud_service/reports/fonts"
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
"""
FIND = "import importlib.util, sys; print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))"

pytestmark = pytest.mark.slow


def uv(*words: str | Path) -> None:
    """Run uv on what its cache holds since the set-up; where that was emptied, on what it can fetch."""
    cached = subprocess.run([UV, "--offline", *words], cwd=ROOT, capture_output=True, check=False)
    if cached.returncode != 0:
        done = subprocess.run([UV, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


class Installation:
    """The wheel with one extra, in a fresh environment: what an image holds."""

    def __init__(self, folder: Path, wheel: Path, extra: str) -> None:
        self._bin = folder / "bin"
        self._elsewhere = folder.parent  # not the project's root, whose packages would be found
        uv("venv", "--python", sys.executable, folder)
        python = ("--python", self._bin / "python")
        uv("pip", "install", *python, "--constraint", "requirements.lock", f"{wheel}[{extra}]")

    def run(self, program: str, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [self._bin / program, *words]
        environment = {"PATH": str(self._bin), **settings}
        return subprocess.run(
            command, cwd=self._elsewhere, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def found(self, *names: str) -> list[str]:
        """Which of these packages are there."""
        return self.run("python", "-c", FIND, *names).stdout.split()


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    tops = {name.split("/")[0] for name in names}
    data = {name for name in names if not name.endswith(".py")}
    page = {name for name in data if name.startswith("cloud_service/dashboard/dist/")}
    assert tops == {"edge_agent", "cloud_service", "shared"}
    assert any(name.startswith("cloud_service/migrations/versions/0001") for name in names)
    assert {name.removeprefix(DEMO_MODEL) for name in data if name.startswith(DEMO_MODEL)} == {
        "card.json",
        "model-int8.onnx",
        "model.onnx",
        "statistics.safetensors",
        "weights.safetensors",
    }
    built = {f"cloud_service/dashboard/dist/{path.relative_to(DASHBOARD)}" for path in DASHBOARD.rglob("*.*")}
    assert page == built, "the page as it was built"
    templates = {f"cloud_service/ml/experiments/templates/{path.name}" for path in REPORT_TEMPLATES.iterdir()}
    fonts = {f"cloud_service/reports/fonts/{path.name}" for path in FONTS.iterdir()}
    others = {name for name in data - page if not name.startswith(DEMO_MODEL)}
    assert others == templates | fonts | {
        "cloud_service/accounts/common_passwords.txt",
        "cloud_service/migrations/script.py.mako",
        "cloud_service/reports/templates/report.typ",
        "shared/PROTOCOL.md",
    }


def test_the_edge_installs_and_runs_without_anything_of_the_clouds(wheel: Path, tmp_path: Path) -> None:
    edge = Installation(tmp_path / "edge", wheel, "edge")
    heavy = ("torch", "celery", "sqlalchemy", "fastapi", "onnxruntime", "redis", "boto3", "psycopg")
    helped = edge.run("smearflow-edge", "--help")
    imported = edge.run("python", "-W", "error", "-c", IMPORT_ALL, "edge_agent", "shared")
    (tmp_path / "password").write_text("any")
    (tmp_path / "captures").mkdir()
    config = tmp_path / "settings" / "edge.toml"
    enrolled = edge.run(
        *("smearflow-edge", "enrol", "--config", config, "--watch", tmp_path / "captures", "--port", "1"),
        *("--site", "north", "--device", "scope-1", "--password-file", tmp_path / "password"),
    )
    examined = edge.run("smearflow-edge", "doctor", "--config", config)

    assert edge.found("paho", "watchdog", *heavy) == ["paho", "watchdog"]
    for done in (helped, imported, enrolled):
        assert done.returncode == 0, done.stderr
    assert "run" in helped.stdout
    assert examined.returncode == 1
    assert examined.stdout.count("BAD ") == 1
    assert "BAD  broker: 127.0.0.1:1" in examined.stdout


def test_the_cloud_installs_and_runs_without_torch(wheel: Path, tmp_path: Path) -> None:
    cloud = Installation(tmp_path / "cloud", wheel, "cloud")
    helped = cloud.run("smearflow", "--help")
    database = f"sqlite:///{tmp_path / 'smearflow.db'}"
    migrated = cloud.run("smearflow", "migrate", SMEARFLOW_DATABASE_URL=database)
    added = cloud.run("smearflow", "user", "add", "admin", "--role", "administrator", SMEARFLOW_DATABASE_URL=database)
    processes = ("web.serve", "tasks", "ingest.service", "training.process")
    jobs = ("datasets.jobs", "training.train_job", "gate.assess_job")  # what a light training worker says it lacks
    modules = ", ".join(f"cloud_service.{name}" for name in (*processes, *jobs))
    imported = cloud.run("python", "-c", f"import {modules}")

    assert cloud.found("onnxruntime", "torch", "watchdog", "pytest") == ["onnxruntime"]
    for done in (helped, migrated, added, imported):
        assert done.returncode == 0, done.stderr
