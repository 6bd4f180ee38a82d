"""The deployment's own secrets, broker settings and service settings, from enrolment to a receipt over TLS."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

import pytest

from shared.identifiers import sha256_of_file
from tests.support.deployment import Container, DeployedMosquitto, prepare
from tests.support.photographs import draw_crops, take
from tests.support.stack import until
from tests.support.waiting import PATIENCE
from tests.support.web import NO_REDIS

EDGE = Path(sys.executable).with_name("smearflow-edge")


@dataclass
class Deployment:
    """The cloud's side: broker and database are there, services are started by the tests."""

    folder: Path
    secrets: Path
    broker: DeployedMosquitto

    def service(self, name: str) -> Container:
        folder = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        environment = {
            "SMEARFLOW_BLOB_URL": str(self.folder / "blobs"),
            "SMEARFLOW_BROKER_HOST": "localhost",
            "SMEARFLOW_BROKER_PORT": str(self.broker.port),
            "SMEARFLOW_BROKER_CA_FILE": str(self.secrets / "ca.crt"),
        }
        servers = {
            "smearflow_database_url": f"sqlite:///{self.folder / 'smearflow.sqlite'}",
            "smearflow_redis_url": NO_REDIS,
        }
        return Container(name, self.secrets, folder, environment, servers)

    def enrol_in_cloud(self, device: str) -> str:
        """What `smearflow device add` prints for the workstation."""
        added = self.service("admin").run("device", "add", "north", device, "--json")
        assert added.returncode == 0, added.stderr
        return added.stdout


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    secrets = folder / "secrets"
    prepared = prepare(secrets, "localhost")
    assert prepared.returncode == 0, prepared.stderr
    (folder / "broker").mkdir()
    broker = DeployedMosquitto(folder / "broker", secrets).start()
    try:
        cloud = Deployment(folder, secrets, broker)
        migrated = cloud.service("migrate").run()
        assert migrated.returncode == 0, migrated.stderr
        yield cloud
    finally:
        broker.stop()


class Workstation:
    """An enrolled device, with `smearflow-edge` as its technician types it."""

    def __init__(self, folder: Path, credentials: str, *options: str | Path) -> None:
        self.captures = folder / "captures"
        self.captures.mkdir()
        self.config = folder / "edge.toml"
        self.log = folder / "agent.log"
        enrolled = self.ask("enrol", "--credentials", "-", "--watch", self.captures, *options, given=credentials)
        assert enrolled.returncode == 0, enrolled.stderr

    def ask(self, *words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [EDGE, *words, "--config", self.config]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen([EDGE, "run", "--config", self.config], stderr=log)


def test_a_capture_gets_its_receipt_over_tls(deployment: Deployment, tmp_path: Path) -> None:
    credentials = deployment.enrol_in_cloud("scope-1")
    # The host as compose.yaml's services call it is of no use to a workstation, so the technician names another one.
    options = ("--host", "localhost", "--ca-file", deployment.secrets / "ca.crt")
    station = Workstation(tmp_path, credentials, *options)
    before = station.ask("doctor")
    assert before.returncode == 0, before.stdout
    assert "encrypted and trusted" in before.stdout
    assert "the broker knows this device" in before.stdout

    capture = take(draw_crops(tmp_path, 1)[0], station.captures, accession="H26-1")
    ingest = deployment.service("ingest").start(tmp_path / "ingest.log")
    agent = station.start()
    try:

        def states() -> list[str]:
            assert ingest.poll() is None, (tmp_path / "ingest.log").read_text()
            listing = json.loads(station.ask("outbox", "list", "--all", "--json").stdout)
            return [row["state"] for row in listing["captures"]]

        until(lambda: states() == ["stored"], PATIENCE, "the receipt is there")
        while_running = station.ask("doctor")
        ingest.send_signal(signal.SIGTERM)
        assert ingest.wait(PATIENCE) == 0
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(PATIENCE) == 0
    finally:
        for process in (ingest, agent):
            process.kill()
            process.wait()

    assert while_running.returncode == 0, while_running.stdout
    assert "the running agent is connected; cloud online" in while_running.stdout
    archive = deployment.service("admin").run("check-archive", "--json")
    assert archive.returncode == 0, archive.stderr
    (blob,) = (deployment.folder / "blobs" / "sha256").glob("??/*")
    assert blob.name == sha256_of_file(blob)
    assert capture.exists(), "originals are kept unless the settings say otherwise"


def test_a_wrong_password_is_refused(deployment: Deployment, tmp_path: Path) -> None:
    credentials = json.loads(deployment.enrol_in_cloud("scope-2")) | {"password": "wrong" * 8}
    options = ("--host", "localhost", "--ca-file", deployment.secrets / "ca.crt")
    answer = Workstation(tmp_path, json.dumps(credentials), *options).ask("doctor")

    assert answer.returncode == 1
    assert "encrypted and trusted" in answer.stdout
    assert "BAD  log-in" in answer.stdout


def test_a_broker_of_another_authority_is_not_trusted(deployment: Deployment, tmp_path: Path) -> None:
    assert prepare(tmp_path / "other", "localhost").returncode == 0
    credentials = deployment.enrol_in_cloud("scope-3")
    answer = Workstation(tmp_path, credentials, "--host", "localhost", "--ca-file", tmp_path / "other" / "ca.crt").ask(
        "doctor"
    )

    assert answer.returncode == 1
    assert "BAD  broker TLS" in answer.stdout
    assert "certificate verify failed" in answer.stdout


def test_a_broker_of_another_name_is_not_trusted(deployment: Deployment, tmp_path: Path) -> None:
    credentials = deployment.enrol_in_cloud("scope-4")
    options = ("--host", "127.0.0.1", "--ca-file", deployment.secrets / "ca.crt")
    answer = Workstation(tmp_path, credentials, *options).ask("doctor")

    assert answer.returncode == 1
    assert "BAD  broker TLS" in answer.stdout
    assert "IP address mismatch" in answer.stdout


def test_without_tls_the_broker_does_not_talk(deployment: Deployment, tmp_path: Path) -> None:
    credentials = deployment.enrol_in_cloud("scope-5")
    answer = Workstation(tmp_path, credentials, "--host", "localhost").ask("doctor")

    assert answer.returncode == 1
    assert "NOT encrypted" in answer.stdout
    assert "BAD  log-in" in answer.stdout


def test_the_broker_speaks_no_outdated_tls(deployment: Deployment) -> None:
    context = ssl.create_default_context(cafile=str(deployment.secrets / "ca.crt"))
    context.set_ciphers("ALL:@SECLEVEL=0")  # or this side would refuse first
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with (
        create_connection(("localhost", deployment.broker.port), timeout=PATIENCE) as connection,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol|alert"),
        context.wrap_socket(connection, server_hostname="localhost"),
    ):
        pass


def test_the_certificates_stand_up_to_strict_checks(deployment: Deployment) -> None:
    # Python 3.13 asks for this by default (VERIFY_X509_STRICT); a workstation may well run it.
    context = ssl.create_default_context(cafile=str(deployment.secrets / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("localhost", "broker"):
        with (
            create_connection(("localhost", deployment.broker.port), timeout=PATIENCE) as connection,
            context.wrap_socket(connection, server_hostname=name) as encrypted,
        ):
            assert encrypted.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_new_device_survives_the_brokers_restart(deployment: Deployment, tmp_path: Path) -> None:
    credentials = deployment.enrol_in_cloud("scope-6")
    deployment.broker.kill()
    deployment.broker.start()
    options = ("--host", "localhost", "--ca-file", deployment.secrets / "ca.crt")
    answer = Workstation(tmp_path, credentials, *options).ask("doctor")

    assert answer.returncode == 0, answer.stdout
