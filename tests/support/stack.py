"""The whole stack as a user starts it: `smearflow up` in its own process, looked at from outside, killed at will."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

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

    def processes(self) -> list[dict[str, Any]]:
        """What `processes.json` says now."""
        found: list[dict[str, Any]] = json.loads((self.data / "processes.json").read_text())
        return found

    def row(self, name: str) -> dict[str, Any]:
        return next(row for row in self.processes() if row["name"] == name)

    def restarts(self) -> dict[str, int]:
        """The programs that had to be started again, and how often."""
        return {row["name"]: row["restarts"] for row in self.processes() if row["restarts"]}

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the cloud's database holds."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def counts(self) -> dict[str, int]:
        """How many captures stand in each state."""
        return dict(self.rows("SELECT state, count(*) FROM capture GROUP BY state"))

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one of the stack's programs; returns how often it had been restarted before."""
        row = self.row(name)
        os.kill(row["pid"], number)
        return int(row["restarts"])

    def kill_and_await_restart(self, name: str) -> None:
        before = self.kill(name)
        until(lambda: self.row(name)["restarts"] > before, 30, f"{name} is started again")

    @property
    def edge_config(self) -> Path:
        return self.data / "edge" / "edge.toml"

    def edge_listing(self) -> dict[str, Any]:
        """What the technician's workstation says of each capture and file."""
        return outbox_listing(self.edge_config)

    def command(self, *words: str) -> Any:
        """The JSON that a `smearflow` command prints."""
        done = subprocess.run([BIN / "smearflow", *words], check=True, capture_output=True, env=self.environment)
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.row('api')['ports'][0]}"

    @cached_property
    def token(self) -> str:
        """A token of the first administrator, made as an operator makes one."""
        return str(self.command("user", "token", "add", "admin", f"tests-{uuid4().hex}", "--json")["token"])

    @property
    def first_password(self) -> str:
        """Of the user `admin`, as the stack printed it at its first start."""
        found = re.search(r"admin +password (\S+)", (self.data.parent / "up.log").read_text())
        assert found, "the password was not printed"
        return found[1]

    def api(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=10)

    def logs(self) -> str:
        """The end of every log, for the message of a test that failed."""
        return "\n".join(
            f"==> {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in (self.data / "logs").iterdir()
        )


def outbox_listing(config: Path) -> dict[str, Any]:
    """What `smearflow-edge outbox list` says of each capture and file of one device."""
    command = [str(BIN / "smearflow-edge"), "outbox", "list", "--config", str(config), "--all", "--json"]
    listing: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return listing


def answered(listing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The captures whose result has come back to the device."""
    return [capture for capture in listing["captures"] if capture["state"] == "answered"]


@contextmanager
def running_stack(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """Start `smearflow up`, wait until it says that it is ready, and stop it afterwards as Ctrl-C would.

    Args:
        folder: where the data and the watched folder lie.
        options: more for the command line.
        environment: settings that all programs of the stack get.
    """
    captures = folder / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    command = [str(BIN / "smearflow"), "up", "--data", str(folder / "data"), "--captures", str(captures), *options]
    with (folder / "up.log").open("wb") as log:
        settings = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=settings)
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
