"""Keep a set of programs running: start them, restart what dies, and reap all of them at the end.

The supervisor owns its children: their output goes straight into files, so that no closed pipe can end them, and the
kernel ends them should the supervisor itself be killed.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from shared.logs import get_logger

_FIRST_RESTART_SECONDS = 0.2
_LONGEST_RESTART_SECONDS = 5.0
_STEADY_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1  # prctl(2)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep running; `ports` are the loopback ports that it listens on."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()


@dataclass(slots=True)
class _Child:
    program: Program
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    started_at: float = 0.0


class Supervisor:
    """Runs programs until `stop`; must be used within one event loop, in the main thread.

    Args:
        folder: gets `processes.json` (name, pid, ports, restarts) and `logs/<name>.log`.
        stop_seconds: how long a program may take to stop before it is killed.
    """

    def __init__(self, folder: Path, stop_seconds: float = 10.0) -> None:
        self._folder = folder
        self._stop_seconds = stop_seconds
        self._children: dict[str, _Child] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    async def start(self, *programs: Program) -> None:
        """Start programs and keep them running; returns once each has been started for the first time.

        Raises:
            OSError: a program cannot be started at all.
        """
        for program in programs:
            child = _Child(program)
            self._children[program.name] = child
            await self._spawn(child)
            self._keepers[program.name] = asyncio.create_task(self._keep(child), name=f"keep {program.name}")
        self._record()

    async def stop(self) -> None:
        """End all programs, the last started first: SIGTERM, and SIGKILL for those that do not heed it."""
        self._stopping.set()
        for name, keeper in reversed(list(self._keepers.items())):
            process = self._children[name].process
            if process is not None and process.returncode is None:
                process.terminate()
            _, unfinished = await asyncio.wait([keeper], timeout=self._stop_seconds)
            if unfinished and process is not None:
                _log.warning("killed, since it did not stop", program=name, seconds=self._stop_seconds)
                process.kill()
                await keeper
        self._record()

    def restarts(self) -> dict[str, int]:
        """How often each program had to be started again."""
        return {name: child.restarts for name, child in self._children.items()}

    def log_of(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._folder / "logs" / f"{name}.log"

    async def _keep(self, child: _Child) -> None:
        wait = _FIRST_RESTART_SECONDS
        while child.process is not None:
            code = await child.process.wait()
            if self._stopping.is_set():
                return
            wait = _FIRST_RESTART_SECONDS if time.monotonic() - child.started_at > _STEADY_SECONDS else wait
            _log.warning("a program ended and is started again", program=child.program.name, code=code, wait=wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
                return
            wait = min(wait * 2, _LONGEST_RESTART_SECONDS)
            child.restarts += 1
            await self._spawn(child)
            self._record()

    async def _spawn(self, child: _Child) -> None:
        program = child.program
        with self.log_of(program.name).open("ab") as log:
            child.process = await _spawn(program, log)
        child.started_at = time.monotonic()

    def _record(self) -> None:
        rows = [
            {
                "name": name,
                "pid": child.process.pid if child.process and child.process.returncode is None else None,
                "ports": list(child.program.ports),
                "restarts": child.restarts,
            }
            for name, child in self._children.items()
        ]
        target = self._folder / "processes.json"
        fresh = target.with_suffix(".tmp")
        fresh.write_text(json.dumps(rows, indent=2) + "\n")
        fresh.replace(target)


async def _spawn(program: Program, log: IO[bytes]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *program.argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **program.environment},
        start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone, which then stops all in order
        preexec_fn=_end_with_parent(),
    )


def _end_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel send SIGTERM to the child when this process is gone, however it went (prctl(2))."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: nothing is allocated in the child
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) and None
