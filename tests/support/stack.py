"""The whole stack as a user starts it, killed at will."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from cloud_service.bench import stack
from cloud_service.bench.stack import BIN, outbox_listing, until
from tests.support.waiting import PATIENCE

__all__ = ["BIN", "RunningStack", "answered", "outbox_listing", "running_stack", "until"]


class RunningStack(stack.RunningStack):
    """A stack that is up, and what tests do to it."""

    def restarts(self) -> dict[str, int]:
        """The programs that had to be started again, and how often."""
        return {row["name"]: row["restarts"] for row in self.processes() if row["restarts"]}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one of the stack's programs; returns how often it had been restarted before."""
        row = self.row(name)
        os.kill(row["pid"], number)
        return int(row["restarts"])

    def kill_and_await_restart(self, name: str) -> None:
        before = self.kill(name)
        until(lambda: self.row(name)["restarts"] > before, PATIENCE, f"{name} is started again")

    def family(self, name: str) -> list[psutil.Process]:
        """One of the stack's programs and the processes that it started."""
        first = psutil.Process(self.row(name)["pid"])
        return [first, *first.children(recursive=True)]


def answered(listing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The captures whose result has come back to the device."""
    return [capture for capture in listing["captures"] if capture["state"] == "answered"]


@contextmanager
def running_stack(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """See `cloud_service.bench.stack.running_stack`."""
    with stack.running_stack(folder, *options, environment=environment) as running:
        yield RunningStack(running.data, running.captures, running.process)
