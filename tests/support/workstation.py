"""A workstation beside the stack's own: enrolled as its technician would, its agent a process of the test's."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from edge_agent.credentials import EdgeSecrets
from tests.support.stack import BIN, RunningStack, outbox_listing
from tests.support.waiting import PATIENCE


class Workstation:
    """One device with its folder of captures.

    Args:
        folder: gets `captures`, the settings, the state and the agent's log.
        prefix: a command that starts the agent, such as `setpriv` with options.
        environment: more variables for the agent.
    """

    def __init__(self, folder: Path, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.captures = folder / "captures"
        self.config = folder / "edge.toml"
        self.log = folder / "agent.log"
        self._prefix = prefix
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def enrol(self, stack: RunningStack, site: str, device: str, *, port: int | None = None) -> Self:
        """Enrol it with the stack; `port` leads to the broker by another way than the direct one."""
        self.captures.mkdir(parents=True)
        credentials = json.dumps(stack.command("device", "add", site, device, "--json"))
        command = [str(BIN / "smearflow-edge"), "enrol", "--config", str(self.config), "--credentials", "-"]
        command += ["--watch", str(self.captures), *(["--port", str(port)] if port else [])]
        subprocess.run(command, check=True, capture_output=True, input=credentials.encode())
        return self

    def redeem(self, url: str, code: str) -> subprocess.CompletedProcess[str]:
        """Enrol it by a code, as its technician would."""
        self.captures.mkdir(parents=True, exist_ok=True)
        command = [str(BIN / "smearflow-edge"), "enrol", "--config", str(self.config), "--url", url, "--code", code]
        command += ["--watch", str(self.captures), "--unidentified", "own-case"]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def start(self) -> None:
        command = [*self._prefix, str(BIN / "smearflow-edge"), "run", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=self._environment)

    def stop(self) -> None:
        """End the agent as its service manager would; nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the agent was not started"
        return self._process.pid

    @contextmanager
    def running(self) -> Iterator[Self]:
        """The agent, until the block ends."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    @property
    def pseudonym_key(self) -> bytes:
        return EdgeSecrets.load(self.folder / "state" / "secrets.json").pseudonym_key_bytes

    def listing(self) -> dict[str, Any]:
        """See `outbox_listing`."""
        return outbox_listing(self.config)

    def status(self) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of `smearflow-edge status`."""
        return status_of(self.config)


def status_of(config: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of `smearflow-edge status` for the device with these settings."""
    command = [str(BIN / "smearflow-edge"), "status", "--config", str(config), "--json"]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}
