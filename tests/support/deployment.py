"""What deploy/ describes, run without containers: its secrets, its broker, its services with their settings."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cloud_service.local_stack.ports import LOOPBACK
from cloud_service.local_stack.programs import dynamic_security_plugin, find_program
from tests.support.processes import ServerProcess, accepts_connections

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CLOUD_SERVICES: dict[str, Any] = {name: one for name, one in COMPOSE["services"].items() if "build" in one}


def prepare(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/prepare.sh, which writes its secrets into `folder`."""
    return subprocess.run(
        [DEPLOY / "prepare.sh", *words],
        env={
            "PATH": os.environ["PATH"],
            "SMEARFLOW_SECRETS": str(folder),
            "SMEARFLOW_COMMAND": str(Path(sys.executable).with_name("smearflow")),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class DeployedMosquitto(ServerProcess):
    """The broker with deploy/mosquitto/mosquitto.conf; only port, paths and, for root, the user are other ones.

    Args:
        folder: for its settings and its log.
        secrets: what prepare.sh has made.
    """

    def __init__(self, folder: Path, secrets: Path) -> None:
        super().__init__(folder)
        self._settings = folder / "mosquitto.conf"
        text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
        for described, here in (
            ("listener 8883", f"listener {self.port} {LOOPBACK}"),
            ("/mosquitto/certs", str(secrets / "broker")),
            ("/mosquitto/data", str(secrets / "broker-data")),
            ("/usr/lib/mosquitto_dynamic_security.so", str(dynamic_security_plugin())),
        ):
            assert described in text, f"mosquitto.conf no longer says {described}"
            text = text.replace(described, here)
        self._settings.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        return [find_program("mosquitto"), "-c", self._settings]

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return accepts_connections(self.port)


class Container:
    """A service of compose.yaml as a process: its command, its environment, its secrets as files, and nothing else.

    Args:
        name: of the service.
        secrets: what prepare.sh has made.
        folder: for the mounted secrets.
        environment: what must be another one here than in the container, say the broker's port.
        secret_values: likewise for secrets, by name.
    """

    def __init__(
        self,
        name: str,
        secrets: Path,
        folder: Path,
        environment: Mapping[str, str],
        secret_values: Mapping[str, str] | None = None,
    ) -> None:
        service = CLOUD_SERVICES[name]
        mounted = folder / f"secrets-of-{name}"
        mounted.mkdir()
        for secret in service["secrets"]:
            shutil.copy(secrets / Path(COMPOSE["secrets"][secret]["file"]).name, mounted / secret)
        for secret, value in (secret_values or {}).items():
            if secret in service["secrets"]:
                (mounted / secret).write_text(value)
        self._mounted = mounted
        self._default = service["command"]
        self._environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | service["environment"]
        unknown = environment.keys() - {name for one in CLOUD_SERVICES.values() for name in one["environment"]}
        assert not unknown, f"compose.yaml sets no {unknown}"
        self._environment |= {key: value for key, value in environment.items() if key in self._environment}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the service's command, or `words` instead, to its end."""
        return subprocess.run(
            self._command(words),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=ROOT,
        )

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the service; what it says goes to `log`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self._command(()), env=self._environment, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT
            )

    def _command(self, words: Sequence[str]) -> list[str]:
        program = (
            "import pathlib, sys; from cloud_service import config;"
            "config._CONTAINER_SECRETS = pathlib.Path(sys.argv.pop(1));"
            "from cloud_service.cli import main; main()"
        )
        return [sys.executable, "-c", program, str(self._mounted), *(words or self._default)]


def unquoted(command: str) -> str:
    """A command of compose.yaml as the shell in the container reads it."""
    return re.sub(r"\$\$", "$", command)
