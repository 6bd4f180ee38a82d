"""A job's process, as the worker sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from cloud_service.config import Settings
from cloud_service.training.kinds import JobKind
from cloud_service.training.pipe import Message, read

GRACE_SECONDS = 2.0
"""From SIGTERM to SIGKILL."""
_LONGEST_LINE = 1 << 20  # bytes


class JobProcess:
    """A process that works on a job, in a session of its own; it dies with the thread that has made this object.

    At the end of its block it is ended, where it has not ended by itself.

    Args:
        kind: of the job; the process imports it by its name.
        folder: of the job.
        settings: of this worker; those that the process needs are handed on.

    Raises:
        OSError: the system makes no process now.
    """

    def __init__(self, kind: JobKind, folder: Path, settings: Settings) -> None:
        name = f"{type(kind).__module__}:{type(kind).__qualname__}"
        self._process = subprocess.Popen(  # noqa: S603 - this program's own
            [sys.executable, "-m", "cloud_service.training.child", name, str(folder), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(settings),
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The process's id, and that of its group."""
        return self._process.pid

    def messages(self) -> Iterator[Message]:
        """What it tells, until it has ended."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as stream:
            while line := stream.readline(_LONGEST_LINE):
                yield read(line)

    def wait(self) -> int:
        """Its exit code, as `subprocess` tells it, once it has ended; nothing of its group is left then."""
        code = self._process.wait()
        self._signal(signal.SIGKILL)
        return code

    def stop(self) -> None:
        """End it: politely, then by force. Returns when it has ended, after `GRACE_SECONDS` and a moment at most."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS forbids signals to a group of zombies
            os.killpg(self._process.pid, number)


def environment(settings: Settings) -> dict[str, str]:
    """A job's environment: this process's, with as many threads as the settings allow, and the store that they name."""
    threads = str(settings.training_threads)
    ours = {
        "BLOB_URL": settings.blob_url,
        "S3_ENDPOINT_URL": settings.s3_endpoint_url,
        "TRAINING_DIR": str(settings.training_dir),
        "TRAINING_THREADS": threads,
        "TRAINING_COMES_LAST": settings.training_comes_last,
        "TRAINING_PROCESSES": settings.training_processes,
    }
    named = {f"SMEARFLOW_{name}": str(value) for name, value in ours.items() if value is not None}
    libraries = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
    return {**os.environ, **named, **libraries, "PYTHONUNBUFFERED": "1"}


def ending_in_words(code: int, last_line: str) -> str:
    """Why a process ended that gave no reason itself, by its exit code and the last line that it wrote."""
    if code == -signal.SIGKILL:
        return "Its process was killed by SIGKILL; where nobody did that, the machine ran out of memory."
    if code < 0:
        return f"Its process was ended by {signal.Signals(-code).name}."
    if code == 0:
        return "Its process ended without an outcome."
    return f"Its process ended with exit code {code}: {last_line.rstrip('.') or 'it wrote nothing'}."
