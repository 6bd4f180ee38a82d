"""Finds the servers that the local stack starts: unpacked beside the project by the set-up, or the machine's own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from shared.errors import ConfigurationError

_PROJECT = Path(__file__).resolve().parents[2]
_PLUGIN = "mosquitto_dynamic_security.so"
_LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib")


def runtime_folder() -> Path:
    """Where the set-up unpacks programs: `$SMEARFLOW_PROGRAMS_DIR`, else `.runtime` in the project's root."""
    return Path(os.environ.get("SMEARFLOW_PROGRAMS_DIR") or _PROJECT / ".runtime")


def _folders() -> Iterator[str]:
    yield str(runtime_folder() / "bin")
    yield from os.environ.get("PATH", os.defpath).split(os.pathsep)
    yield from ("/usr/sbin", "/usr/local/sbin")  # where Debian puts servers, and not on every user's PATH
    yield from map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


def find_program(name: str) -> Path:
    """The executable called `name`: the set-up's, then PATH's, then the folders where Debian puts servers.

    Raises:
        ConfigurationError: it is nowhere; the text says how to get it.
    """
    found = shutil.which(name, path=os.pathsep.join(_folders()))
    if found is None:
        raise ConfigurationError(
            f"The program '{name}' is not on this machine: not in {runtime_folder() / 'bin'}, on PATH or in /usr/sbin. "
            "Run 'make setup' in the project's folder, or install the package that holds it (mosquitto, redis-server, "
            "postgresql or chromium).",
        )
    return Path(found)


def dynamic_security_plugin() -> Path:
    """Mosquitto's dynamic security plugin, which belongs to the `mosquitto` that `find_program` finds.

    Raises:
        ConfigurationError: the broker's package came without it; the text says what to install.
    """
    unpacked = sorted(runtime_folder().glob(f"packages/*/usr/lib/*/{_PLUGIN}"))
    if unpacked and find_program("mosquitto").is_relative_to(runtime_folder()):
        return unpacked[0]
    for folder in map(Path, _LIBRARY_FOLDERS):
        for found in (folder / _PLUGIN, *sorted(folder.glob(f"*/{_PLUGIN}"))):
            if found.is_file():
                return found
    raise ConfigurationError(
        f"Mosquitto's plugin '{_PLUGIN}' is not on this machine, so the broker cannot keep devices apart. Run "
        "'make setup' in the project's folder, or install Mosquitto 2.0 or newer with its dynamic security plugin.",
    )
