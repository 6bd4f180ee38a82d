from pathlib import Path

import pytest

from cloud_service.local_stack import programs
from shared.errors import ConfigurationError


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of the test's own, on a machine with an empty PATH."""
    monkeypatch.setenv("SMEARFLOW_PROGRAMS_DIR", str(tmp_path / "run time"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path / "run time"


def make_program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_unpacked_program_goes_before_one_on_the_path(runtime: Path, tmp_path: Path) -> None:
    make_program(tmp_path / "path/zeta-server")
    unpacked = make_program(runtime / "bin/zeta-server")

    assert programs.find_program("zeta-server") == unpacked


def test_a_program_on_the_path_is_found_where_nothing_was_unpacked(runtime: Path, tmp_path: Path) -> None:
    on_path = make_program(tmp_path / "path/zeta-server")

    assert not runtime.exists()
    assert programs.find_program("zeta-server") == on_path


@pytest.mark.usefixtures("runtime")
def test_a_missing_program_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"'zeta-server'.*make setup"):
        programs.find_program("zeta-server")


def test_without_a_setting_the_runtime_lies_in_the_projects_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMEARFLOW_PROGRAMS_DIR", raising=False)

    assert (programs.runtime_folder().parent / "pyproject.toml").is_file()
    assert programs.runtime_folder().name == ".runtime"


def test_the_unpacked_broker_gets_the_unpacked_plugin(runtime: Path) -> None:
    make_program(runtime / "bin/mosquitto")
    plugin = make_program(runtime / "packages/servers/usr/lib/some-arch/mosquitto_dynamic_security.so")

    assert programs.dynamic_security_plugin() == plugin


def test_the_machines_own_broker_gets_its_own_plugin(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_LIBRARY_FOLDERS", (str(tmp_path / "lib"),))
    make_program(tmp_path / "path/mosquitto")
    make_program(runtime / "packages/servers/usr/lib/some-arch/mosquitto_dynamic_security.so")
    plugin = make_program(tmp_path / "lib/some-arch/mosquitto_dynamic_security.so")

    assert programs.dynamic_security_plugin() == plugin


@pytest.mark.usefixtures("runtime")
def test_a_broker_without_the_plugin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_LIBRARY_FOLDERS", ())

    with pytest.raises(ConfigurationError, match="dynamic security plugin"):
        programs.dynamic_security_plugin()
