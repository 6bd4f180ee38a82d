"""deploy/prepare.sh: what it makes, who may read it, and that it never leaves half of it behind."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.deployment import COMPOSE, prepare

OPEN_TO_ALL = {"ca.crt"}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "secrets"
    prepared = prepare(folder, "broker.hospital.example")
    assert prepared.returncode == 0, prepared.stderr
    return folder


def names_in_certificate(secrets: Path) -> str:
    command = ["openssl", "x509", "-in", "broker/broker.crt", "-noout", "-ext", "subjectAltName"]
    return subprocess.run(command, cwd=secrets, capture_output=True, text=True, check=True).stdout


def is_trusted(secrets: Path) -> bool:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.crt", "broker/broker.crt"]
    return subprocess.run(command, cwd=secrets, capture_output=True, check=False).returncode == 0


def test_every_secret_of_compose_is_made_but_the_one_that_a_provider_gives_out(secrets: Path) -> None:
    files = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert {name for name in files if not (secrets / name).read_text()} == {"smearflow_openid_client_secret"}


def test_no_two_passwords_are_alike(secrets: Path) -> None:
    values = [path.read_text() for path in secrets.iterdir() if path.is_file()]
    assert len(values) == len(set(values))


def test_nobody_else_may_read_what_is_secret(secrets: Path) -> None:
    for path in (secrets, *secrets.rglob("*")):
        if path.name not in OPEN_TO_ALL:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_containers_own_what_they_read(secrets: Path) -> None:
    def owner(name: str) -> str:
        found = (secrets / name).stat()
        return f"{found.st_uid}:{found.st_gid}"

    assert owner("redis_password") == COMPOSE["services"]["redis"]["user"]
    assert owner("smearflow_database_url") == "10001:10001"
    for name in ("broker/broker.key", "broker-data", "broker-data/dynamic-security.json"):
        assert owner(name) == COMPOSE["services"]["broker"]["user"]
    assert owner("ca.key") == "0:0"


def test_the_first_roles_are_those_of_the_administrator_and_of_ingest(secrets: Path) -> None:
    roles = json.loads((secrets / "broker-data" / "dynamic-security.json").read_text())
    assert [client["username"] for client in roles["clients"]] == ["admin", "ingest-0"]


def test_the_certificate_names_the_broker_within_and_without(secrets: Path) -> None:
    assert "DNS:broker.hospital.example, DNS:broker" in names_in_certificate(secrets)
    assert is_trusted(secrets)


def test_what_is_there_is_kept(secrets: Path) -> None:
    before = {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()}
    again = prepare(secrets, "broker.hospital.example")
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()} == before


def test_a_failure_leaves_nothing_half_made(tmp_path: Path) -> None:
    failed = prepare(tmp_path / "secrets", "localhost", SMEARFLOW_COMMAND="/bin/false")
    assert failed.returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["", "-x", "a b", "broker,DNS:evil", "broker/CN=evil", "line\nbreak"])
def test_what_is_no_host_name_is_refused(tmp_path: Path, host: str) -> None:
    refused = prepare(tmp_path / "secrets", host)
    assert refused.returncode == 1
    assert refused.stderr.startswith("usage: ")
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_is_renewed_with_the_old_authority_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert prepare(folder, "localhost").returncode == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    renewed = prepare(folder, "--renew", "10.1.2.3")

    assert renewed.returncode == 0, renewed.stderr
    assert "IP Address:10.1.2.3, DNS:broker" in names_in_certificate(folder)
    assert is_trusted(folder)
    changed = {path.name for path in folder.rglob("*") if path.is_file() and before.get(path) != path.read_bytes()}
    assert changed <= {"broker.crt", "broker.key", "ca.srl", "smearflow_broker_public_host"}
    assert changed >= {"broker.crt", "broker.key"}
    assert (folder / "smearflow_broker_public_host").read_text() == "10.1.2.3"


def test_no_renewal_without_the_authoritys_key(tmp_path: Path) -> None:
    refused = prepare(tmp_path / "secrets", "--renew", "localhost")
    assert refused.returncode == 1
    assert "ca.key is not there" in refused.stderr
