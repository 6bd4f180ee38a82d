"""The files in deploy/ are checked as far as that goes without a Docker engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from cloud_service.accounts.openid.configuration import read_configuration
from cloud_service.cli import app
from cloud_service.config import Settings
from edge_agent.cli import app as edge
from tests.support.deployment import CLOUD_SERVICES, COMPOSE, DEPLOY, ROOT

README = (DEPLOY / "README.md").read_text()


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
    (tmp_path / "smearflow-edge.service.d").mkdir()
    shutil.copy(DEPLOY / "systemd" / "retention.conf", tmp_path / "smearflow-edge.service.d")
    (tmp_path / "smearflow-edge.service").write_text(
        re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "smearflow-edge.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "smearflow-edge" in line or "retention.conf" in line]
    assert complaints == []


@pytest.mark.parametrize("name", sorted(CLOUD_SERVICES))
def test_each_service_runs_a_command_that_exists(name: str) -> None:
    command, *_ = CLOUD_SERVICES[name]["command"]
    assert command in get_command(app).commands  # type: ignore[attr-defined] # the top command is a group


@pytest.mark.parametrize("name", sorted(CLOUD_SERVICES))
def test_each_setting_of_a_service_exists(name: str) -> None:
    service = CLOUD_SERVICES[name]
    given = {*service["environment"], *service["secrets"]}
    known = {f"smearflow_{field}" for field in Settings.model_fields}
    assert {setting.lower() for setting in given} <= known


def test_no_service_runs_with_more_rights_than_it_needs() -> None:
    for name, service in COMPOSE["services"].items():
        assert "no-new-privileges:true" in service["security_opt"]
        if name != "postgres":  # its image begins as root, to give its folder to its own user
            assert service["cap_drop"] == ["ALL"]
            assert service["read_only"] is True
    for name in ("cloud.Dockerfile", "edge.Dockerfile"):
        assert re.findall(r"^USER (.*)$", (DEPLOY / name).read_text(), re.MULTILINE) == ["10001"]


def test_every_secret_is_given_to_somebody_and_no_service_asks_for_another() -> None:
    given = {secret for service in COMPOSE["services"].values() for secret in service.get("secrets", ())}
    assert given == set(COMPOSE["secrets"])


def test_the_brokers_administrator_is_known_to_those_alone_who_enrol_devices() -> None:
    secret = "smearflow_broker_admin_password"  # noqa: S105 - its name
    assert {name for name, service in CLOUD_SERVICES.items() if secret in service["secrets"]} == {"admin", "api"}


def test_the_openid_clients_secret_is_known_to_the_api_alone() -> None:
    secret = "smearflow_openid_client_secret"  # noqa: S105 - its name
    assert {name for name, service in CLOUD_SERVICES.items() if secret in service["secrets"]} == {"api"}


def test_a_mounted_secret_of_the_openid_client_is_read_and_an_empty_one_is_none(tmp_path: Path) -> None:
    for written, secret in (("", None), ("hush\n", "hush")):
        (tmp_path / "smearflow_openid_client_secret").write_text(written)
        settings = Settings(
            _secrets_dir=tmp_path,
            openid_issuer="https://login.example",
            openid_client_id="a",
            openid_public_url="https://b.example",
        )
        read = read_configuration(settings)
        assert read is not None
        assert (read.client_secret.get_secret_value() if read.client_secret else None) == secret


def test_the_folders_of_volumes_are_in_the_image_and_belong_to_its_user() -> None:
    # Otherwise a new named volume belongs to root, and ingest cannot write.
    volumes = [volume.split(":") for service in CLOUD_SERVICES.values() for volume in service["volumes"]]
    mounts = {volume[1] for volume in volumes if volume[0] in COMPOSE["volumes"]}
    after_user = (DEPLOY / "cloud.Dockerfile").read_text().partition("USER 10001")[2]
    made = re.findall(r"^RUN mkdir (.*)$", after_user, re.MULTILINE)
    assert set(" ".join(made).split()) == mounts


def test_the_training_image_gets_the_torch_that_the_set_up_pins() -> None:
    pinned = re.findall(r"^TORCH_VERSION=(.*)$", (DEPLOY / "setup" / "python.sh").read_text(), re.MULTILINE)
    assert re.findall(r"^ARG TORCH_VERSION=(.*)$", (DEPLOY / "cloud.Dockerfile").read_text(), re.MULTILINE) == pinned
    assert len(pinned) == 1


def test_the_edge_image_installs_nothing_of_the_cloud() -> None:
    text = (DEPLOY / "edge.Dockerfile").read_text()
    assert '".[edge]"' in text
    assert "COPY cloud_service" not in text


def test_the_readme_names_files_services_and_commands_that_exist() -> None:
    files = set(re.findall(r"\bdeploy/[\w./-]*\w", README)) | {
        f"deploy/{one}" for one in re.findall(r"(?<!/)systemd/[\w.-]*\w", README)
    }
    missing = {file for file in files if not file.startswith("deploy/secrets") and not (ROOT / file).exists()}
    assert missing == set()
    services = {
        name for found in re.findall(r"(?:stop|restart|--force-recreate) ([a-z ]+)`?", README) for name in found.split()
    }
    assert services
    assert services <= COMPOSE["services"].keys()
    cloud = get_command(app).commands  # type: ignore[attr-defined] # the top command is a group
    commands = re.findall(r"run --rm -T admin (\S+?)[ `]", README)
    assert commands
    assert set(commands) <= cloud.keys()


def test_the_readme_enrols_with_options_that_exist() -> None:
    enrol = get_command(edge).commands["enrol"]  # type: ignore[attr-defined] # likewise
    examples = re.findall(r"^ {4}.*smearflow-edge enrol ((?:[^\n\\]|\\\n)*)", README, re.MULTILINE)
    known = {option for parameter in enrol.params for option in parameter.opts}
    assert len(examples) > 1, "by a code, and by credentials"
    for example in examples:
        given = set(re.findall(r"--[a-z-]+", example))
        assert {"--watch"} <= given <= known
