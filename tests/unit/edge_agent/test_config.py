"""edge_agent.config."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from edge_agent.config import EdgeConfig, RetentionPolicy, UnidentifiedRule, load_config
from shared.errors import ConfigurationError

LEAST = 'site = "north"\ndevice = "scope-1"\n[watch]\nfolders = ["captures"]\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text, "utf-8")
    return path


def test_least_file_gives_safe_defaults_and_paths_beside_it(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, LEAST))
    assert (config.site, config.device) == ("north", "scope-1")
    assert config.watch.folders == (tmp_path / "captures",)
    assert config.secrets_file == tmp_path / "state" / "secrets.json"
    assert config.retention.policy is RetentionPolicy.KEEP
    assert config.identification.unidentified is UnidentifiedRule.REFUSE
    assert config.images.limits.max_pixels == 50_000_000


def test_environment_stands_above_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMEARFLOW_EDGE_BROKER__PORT", "8883")
    monkeypatch.setenv("SMEARFLOW_EDGE_SITE", "south")
    config = load_config(write(tmp_path, LEAST + '[broker]\nhost = "broker.local"\nport = 1\n'))
    assert (config.site, config.broker.host, config.broker.port) == ("south", "broker.local", 8883)


def test_environment_alone_may_fill_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMEARFLOW_EDGE_WATCH__FOLDERS", '["left", "/right"]')
    monkeypatch.setenv("SMEARFLOW_EDGE_WATCH__RECURSIVE", "false")
    config = load_config(write(tmp_path, 'site = "north"\ndevice = "scope-1"\n'))
    assert config.watch.folders == (tmp_path / "left", Path("/right"))
    assert config.watch.recursive is False


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WATCH__FOLDERS", "[left", "watch.folders: "),
        ("BROKER__PROT", "1", "broker.prot: there is no such setting"),
        ("SITE__NAME", "north", "site: "),
        ("BROKER", "localhost", "broker: "),
    ],
)
def test_wrong_variable_is_named_as_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"SMEARFLOW_EDGE_{name}", value)
    with pytest.raises(ConfigurationError, match=expected):
        load_config(write(tmp_path, LEAST))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("[broker]\nport = 'x'\n", ["broker.port", "TCP port"]),
        ("[broker]\nprot = 1\n", ["broker.prot", "no such setting"]),
        ("[identification]\naccession_pattern = '('\n", ["accession_pattern", "no regular expression"]),
        ("[identification]\naccession_pattern = '(?P<smear>.)'\n", ["accession_pattern", "(?P<accession>"]),
        ("[identification]\naccession_pattern = '(?P<accession>.)(?P<patient>.)'\n", ["accession_pattern", "patient"]),
        ("[retention]\npolicy = 'move'\n", ["retention", "archive_dir"]),
        ("[retention]\npolicy = 'move'\narchive_dir = 'captures/old'\n", ["archive_dir", "watch folder"]),
        ("[broker]\nclient_key = 'a.pem'\n", ["broker", "client_certificate"]),
        ("[sending]\npart_size = 10\n", ["sending.part_size", "1024", "size of a part"]),
    ],
)
def test_wrong_setting_is_named_with_what_it_should_hold(tmp_path: Path, change: str, expected: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_config(write(tmp_path, LEAST + change))
    assert all(part in str(caught.value) for part in expected), caught.value


def test_missing_settings_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)site: .*device: .*watch: "):
        load_config(write(tmp_path, ""))


def test_site_may_not_take_the_clouds_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cloud"):
        load_config(write(tmp_path, LEAST.replace("north", "cloud")))


def test_missing_file_and_broken_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="smearflow-edge enrol"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="line 1"):
        load_config(write(tmp_path, "site = ?\n"))


def settings_of(model: type[BaseModel], prefix: str = "") -> list[tuple[str, str | None]]:
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += settings_of(field.annotation, f"{prefix}{name}.")
        else:
            found.append((prefix + name, field.description))
    return found


def test_every_setting_is_described() -> None:
    settings = settings_of(EdgeConfig)
    assert len(settings) > 20
    assert [name for name, description in settings if not description] == []
