"""The whole stack as a user starts it: `smearflow up` in a process of its own, looked at from outside."""

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
import psutil

from cloud_service.bench.progress import tell
from shared.errors import PermanentError

BIN = Path(sys.executable).parent
START_SECONDS = 90.0
_LOOK_SECONDS = 0.1
_END_SECONDS = 60

Costs = dict[str, float]


class MeasuredProgramError(PermanentError):
    """What was to be measured did not come about; the text says what, and after how long."""


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something that other processes bring about.

    Raises:
        MeasuredProgramError: it did not come about in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise MeasuredProgramError(f"{what}: not within {seconds:.0f} s")
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
        """The cloud's database, an SQLite file."""
        return self.data / "smearflow.db"

    def processes(self) -> list[dict[str, Any]]:
        """What `processes.json` says now."""
        found: list[dict[str, Any]] = json.loads((self.data / "processes.json").read_text())
        return found

    def row(self, name: str) -> dict[str, Any]:
        """What it says of one program."""
        return next(row for row in self.processes() if row["name"] == name)

    def cpu_seconds(self) -> Costs:
        """User and system seconds of each program since it was started; what its children did stands beside it."""
        costs: Costs = {}
        for row in self.processes():
            process = psutil.Process(row["pid"])
            costs[row["name"]] = cpu_seconds_of(process)
            if children := process.children(recursive=True):
                costs[f"{row['name']}'s child"] = sum(map(cpu_seconds_of, children))
        return costs

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the cloud's database holds."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def counts(self) -> dict[str, int]:
        """How many captures stand in each state."""
        return dict(self.rows("SELECT state, count(*) FROM capture GROUP BY state"))

    @property
    def edge_config(self) -> Path:
        """The settings of the stack's own edge agent."""
        return self.data / "edge" / "edge.toml"

    def edge_listing(self) -> dict[str, Any]:
        """What the technician's workstation says of each capture and file."""
        return outbox_listing(self.edge_config)

    def command(self, *words: str) -> Any:
        """The JSON that a `smearflow` command prints."""
        command = [str(BIN / "smearflow"), *words]
        done = subprocess.run(command, check=True, capture_output=True, env=self.environment)  # noqa: S603 - our own
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.row('api')['ports'][0]}"

    @cached_property
    def token(self) -> str:
        """A token of the first administrator, made as an operator makes one."""
        return str(self.command("user", "token", "add", "admin", f"measuring-{uuid4().hex}", "--json")["token"])

    @property
    def first_password(self) -> str:
        """Of the user `admin`, as the stack printed it at its first start.

        Raises:
            MeasuredProgramError: it was not printed.
        """
        found = re.search(r"admin +password (\S+)", (self.data.parent / "up.log").read_text())
        if found is None:
            raise MeasuredProgramError("The stack printed no password: these data were there before.")
        return found[1]

    def api(self) -> httpx.Client:
        """A client of the API with the administrator's token."""
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
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    listing: dict[str, Any] = json.loads(done.stdout)
    return listing


@contextmanager
def running_stack(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """Start `smearflow up`, wait until it says that it is ready, and stop it afterwards as Ctrl-C would.

    Args:
        folder: where the data and the watched folder lie.
        options: more for the command line.
        environment: settings that all programs of the stack get.

    Raises:
        MeasuredProgramError: it did not come up; the text ends with what it said.
    """
    tell("Starting the stack")
    captures = folder / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    command = [str(BIN / "smearflow"), "up", "--data", str(folder / "data"), "--captures", str(captures), *options]
    with (folder / "up.log").open("wb") as log:
        settings = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=settings)  # noqa: S603 - our own
    try:
        until(lambda: _is_up(process, folder / "up.log"), START_SECONDS, "the stack is up")
        yield RunningStack(folder / "data", captures, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # what it has started ends with it
            process.wait()
            raise


def _is_up(process: subprocess.Popen[bytes], log: Path) -> bool:
    said = log.read_text()
    if process.poll() is not None:
        raise MeasuredProgramError(f"The stack did not come up. It said: {said[-2000:]}")
    return "Log-in" in said


def cpu_seconds_of(process: psutil.Process) -> float:
    """User and system seconds since it was started; what its children did is not among them."""
    times = process.cpu_times()
    return float(times.user + times.system)
