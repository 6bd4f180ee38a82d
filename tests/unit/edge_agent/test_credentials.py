"""edge_agent.credentials."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from edge_agent.credentials import EdgeSecrets, new_pseudonym_key
from shared.errors import ConfigurationError


@pytest.fixture
def secrets() -> EdgeSecrets:
    return EdgeSecrets(broker_password=SecretStr("hush-hush"), pseudonym_key=new_pseudonym_key())


def test_saved_secrets_come_back_and_are_the_owners_alone(tmp_path: Path, secrets: EdgeSecrets) -> None:
    path = tmp_path / "state" / "secrets.json"
    secrets.save(path)
    assert EdgeSecrets.load(path) == secrets
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secrets.pseudonym_key_bytes) == 32
    assert list(path.parent.iterdir()) == [path]


def test_saving_again_replaces(tmp_path: Path, secrets: EdgeSecrets) -> None:
    path = tmp_path / "secrets.json"
    secrets.save(path)
    changed = secrets.model_copy(update={"broker_password": SecretStr("new")})
    changed.save(path)
    assert EdgeSecrets.load(path).broker_password.get_secret_value() == "new"


def test_secrets_are_not_shown(secrets: EdgeSecrets) -> None:
    assert "hush" not in repr(secrets)
    assert secrets.pseudonym_key.get_secret_value() not in repr(secrets)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_file_open_to_others_is_refused(tmp_path: Path, secrets: EdgeSecrets, mode: int) -> None:
    path = tmp_path / "secrets.json"
    secrets.save(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"chmod 600"):
        EdgeSecrets.load(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "damaged"),
        ('{"broker_password": "hush-hush"}', "pseudonym_key"),
        ('{"broker_password": "hush-hush", "pseudonym_key": "zz"}', "hexadecimal"),
        ('{"broker_password": "hush-hush", "pseudonym_key": "00"}', "32"),
    ],
)
def test_damaged_file_is_named_and_not_quoted(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=expected) as caught:
        EdgeSecrets.load(path)
    assert "hush" not in str(caught.value)


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="enrol"):
        EdgeSecrets.load(tmp_path / "none.json")
