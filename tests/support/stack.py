"""The whole stack as a user starts it: `smearflow up` in its own process, looked at from outside, killed at will."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

BIN = Path(sys.executable).parent
START_SECONDS = 90.0
_LOOK_SECONDS = 0.1


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something that other processes bring about.

    Raises:
        AssertionError: it did not come about in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(_LOOK_SECONDS)


@dataclass
class RunningStack:
    """A stack that is up, its data folder, and the folder that its edge agent watches."""

    data: Path
    captures: Path
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """What `smearflow` commands need to speak to this stack."""
        return {**os.environ, "SMEARFLOW_ENV_FILE": str(self.data / "secrets" / "cloud.env")}

    @property
    def database(self) -> Path:
        return self.data / "smearflow.db"

    def row(self, name: str) -> dict[str, Any]:
        rows = json.loads((self.data / "processes.json").read_text())
        return next(row for row in rows if row["name"] == name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one of the stack's programs; returns how often it had been restarted before."""
        row = self.row(name)
        os.kill(row["pid"], number)
        return int(row["restarts"])

    def kill_and_await_restart(self, name: str) -> None:
        before = self.kill(name)
        until(lambda: self.row(name)["restarts"] > before, 30, f"{name} is started again")

    def edge_listing(self, config: Path | None = None) -> dict[str, Any]:
        """What the technician's workstation says of each capture and file."""
        path = config or self.data / "edge" / "edge.toml"
        command = [str(BIN / "smearflow-edge"), "outbox", "list", "--config", str(path), "--all", "--json"]
        listing: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return listing

    def command(self, *words: str) -> Any:
        """The JSON that a `smearflow` command prints."""
        done = subprocess.run([BIN / "smearflow", *words], check=True, capture_output=True, env=self.environment)
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.row('api')['ports'][0]}"

    @property
    def access_key(self) -> str:
        return str(json.loads((self.data / "secrets" / "stack.json").read_text())["access_key"])

    def api(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.access_key}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=10)

    def logs(self) -> str:
        """The end of every log, for the message of a test that failed."""
        return "\n".join(
            f"==> {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in (self.data / "logs").iterdir()
        )


@contextmanager
def running_stack(folder: Path, *options: str) -> Iterator[RunningStack]:
    """Start `smearflow up`, wait until it says that it is ready, and stop it afterwards as Ctrl-C would."""
    captures = folder / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    command = [str(BIN / "smearflow"), "up", "--data", str(folder / "data"), "--captures", str(captures), *options]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    stack = RunningStack(folder / "data", captures, process)
    try:
        until(lambda: is_up(process, folder / "up.log"), START_SECONDS, "the stack is up")
        yield stack
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def is_up(process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return "Log-in" in log.read_text()
