"""The files in deploy/ are checked as far as that goes without a Docker engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cloud_service.cli import app
from cloud_service.config import Settings

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CLOUD_SERVICES = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def check(*command: str | Path) -> None:
    tool = Path(sys.executable).with_name(str(command[0]))
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["cloud.Dockerfile", "edge.Dockerfile"])
def test_dockerfiles_pass_hadolint(name: str) -> None:
    check("hadolint", DEPLOY / name)


def test_compose_file_fits_its_schema() -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_yaml_files_pass_yamllint() -> None:
    check("yamllint", "--strict", "-c", DEPLOY / ".yamllint.yaml", DEPLOY)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_the_units_directives_are_known_to_systemd(tmp_path: Path) -> None:
    # The program and the user exist on a workstation only; everything else must hold here.
    unit = (DEPLOY / "systemd" / "smearflow-edge.service").read_text()
    (tmp_path / "smearflow-edge.service").write_text(
        re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "smearflow-edge.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "smearflow-edge.service" in line]
    assert complaints == []


@pytest.mark.parametrize("name", sorted(CLOUD_SERVICES))
def test_each_service_runs_a_command_that_exists(name: str) -> None:
    (command,) = CLOUD_SERVICES[name]["command"]
    assert command in get_command(app).commands  # type: ignore[attr-defined] # the top command is a group


@pytest.mark.parametrize("name", sorted(CLOUD_SERVICES))
def test_each_setting_of_a_service_exists(name: str) -> None:
    service = CLOUD_SERVICES[name]
    given = {*service["environment"], *service["secrets"]}
    known = {f"smearflow_{field}" for field in Settings.model_fields}
    assert {setting.lower() for setting in given} <= known


def test_every_secret_file_is_made_by_the_prepare_script() -> None:
    script = (DEPLOY / "prepare.sh").read_text()
    files = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert {name for name in files if name not in script} == set()


def test_no_service_runs_with_more_rights_than_it_needs() -> None:
    for service in CLOUD_SERVICES.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    for name in ("cloud.Dockerfile", "edge.Dockerfile"):
        assert re.findall(r"^USER (.*)$", (DEPLOY / name).read_text(), re.MULTILINE) == ["10001"]


def test_the_edge_image_installs_nothing_of_the_cloud() -> None:
    text = (DEPLOY / "edge.Dockerfile").read_text()
    assert '".[edge]"' in text
    assert "COPY cloud_service" not in text
