"""Programs that a test starts: on free loopback ports, killed and started again at will, never left behind."""

import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from cloud_service.local_stack.ports import LOOPBACK, free_port
from tests.support.waiting import PATIENCE, wait_until

_POLL_SECONDS = 0.01


def accepts_connections(port: int) -> bool:
    """Whether something listens on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _stands_still(process: psutil.Process) -> bool:
    """Whether every thread is stopped."""
    tasks = Path("/proc", str(process.pid), "task").glob("*/stat")
    return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


def pause(*processes: psutil.Process) -> None:
    """SIGSTOP; returns when every thread stands still.

    One thread takes the signal and the others learn of it from that one: on a busy machine they go on meanwhile, and
    may come into a transaction of SQLite's, which all others then wait for.
    """
    for process in processes:
        process.suspend()
    wait_until(lambda: all(map(_stands_still, processes)))


def go_on(*processes: psutil.Process) -> None:
    """SIGCONT."""
    for process in processes:
        process.resume()


class ServerProcess(ABC):
    """A server that can be killed and started again on the same port and data.

    Its output is collected in `log`. The kernel kills it should the test's process die first.

    Args:
        folder: where its data and its log go.
    """

    user_switch: Sequence[str] = ()  # options for setpriv where the server must not run as root
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server answers; called again and again while it starts."""

    @property
    def pid(self) -> int:
        """The running server's process id."""
        return self._running().pid

    def start(self) -> Self:
        """Starts the server and returns when it answers."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise RuntimeError("setpriv (Debian: util-linux) is missing, so test servers could outlive the tests")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [setpriv, *self.user_switch, "--pdeathsig", "KILL", "--", *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the tests, which then end the server
            )
        self._wait_until_ready()
        return self

    def kill(self) -> None:
        """SIGKILL for the server and its children, as a power cut would; returns when they are gone."""
        process = self._running()
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):  # a child may end of itself: PostgreSQL's helpers come and go
                member.kill()
        process.wait(PATIENCE)
        psutil.wait_procs(family, timeout=PATIENCE)
        self._process = None

    def stop(self) -> None:
        """Asks it to end, with SIGKILL where that does not end it; nothing where it does not run."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} is not running: start() it first")
        return self._process

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            code = self._running().poll()
            if code is not None or time.monotonic() > deadline:
                self.stop()
                state = "did not answer in time" if code is None else f"ended with code {code}"
                raise RuntimeError(f"{type(self).__name__} {state}; it said:\n{self.log.read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)
