"""The process of one job: `python -m cloud_service.training.child KIND FOLDER PARENT`, started by the worker.

It computes and knows no database. It comes after all other work of the machine, is the first to go where memory runs
out, and dies with the worker that started it, however that ends: another takes the job up, and two must not work on it
at once.
"""

import ctypes
import errno
import fcntl
import os
import pkgutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from cloud_service.allocator import keep_freed_memory
from cloud_service.blob_store import open_blob_store
from cloud_service.config import settings
from cloud_service.training.kinds import JobKind
from cloud_service.training.pipe import Failure, Message, PipeTell, SilentTell, write
from shared.errors import PermanentError, TransientError

EXIT_TOLD = 75  # EX_TEMPFAIL of sysexits.h; the reason went through the pipe
LOCK_NAME = ".lock"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_KEPT_BLOCKS = 16 * 1024 * 1024  # bytes, as inference keeps them; a training keeps all
_LOCK_SECONDS, _LOCK_LOOK_SECONDS = 5.0, 0.1
_LAST = 19  # the least nice value


def main(kind_name: str, folder: Path, parent: int) -> int:
    """Work on the job in `folder`; return the exit code.

    Args:
        kind_name: the kind as `module:name`.
        folder: holds the order, and gets the outcome.
        parent: id of the process that this one dies with.
    """
    die_with(parent)
    if settings().training_comes_last:
        come_last()
    keep_freed_memory(blocks_below=_KEPT_BLOCKS)
    kind: JobKind = pkgutil.resolve_name(kind_name)()
    try:
        _work(kind, kind_name, folder)
    except TransientError as error:
        write(Message(failure=Failure(reason=str(error), kind="transient")))
    except PermanentError as error:
        write(Message(failure=Failure(reason=str(error), kind="permanent")))
    except ModuleNotFoundError as error:
        reason = (
            f"The library {error.name!r} is not installed where the training worker runs. Install Smearflow there with "
            "its extra `train`, and PyTorch."
        )
        write(Message(failure=Failure(reason=reason, kind="permanent")))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = f"The disk is full ({error.filename or folder}). Free some space; the job then goes on by itself."
        write(Message(failure=Failure(reason=reason, kind="transient")))
    else:
        return 0
    return EXIT_TOLD


def die_with(parent: int) -> None:
    """End this process by SIGKILL as soon as `parent` ends; at once, where it has ended already. Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def come_last() -> None:
    """Let all other work of the machine come first, as far as the system allows: inference must not wait for this.

    A session of its own is a group of its own to Linux' scheduler, within which alone the nice value counts; so the
    group, too, is to come last.
    """
    os.nice(_LAST)
    if sys.platform != "linux":
        return
    for file, value in (("autogroup", _LAST), ("oom_score_adj", 500)):
        with suppress(OSError):
            Path("/proc/self", file).write_text(str(value), encoding="ascii")
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _work(kind: JobKind, kind_name: str, folder: Path) -> None:
    rank = os.environ.get("RANK")
    if rank is None:
        _lock(folder)
        if kind.uses_every_gpu and (count := _process_count()) > 1:
            _become_team(kind_name, folder, count)
    tell = PipeTell(folder) if rank in (None, "0") else SilentTell()
    kind.work(folder, open_blob_store(settings()), tell)


def _lock(folder: Path) -> None:
    """Keep other processes out of the folder until this one ends.

    Raises:
        TransientError: another is still at work there, say of a worker that was stopped and lost its claim.
    """
    descriptor = os.open(folder / LOCK_NAME, os.O_CREAT | os.O_RDWR)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - over `_become_team`
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise TransientError(f"Another process still works in {folder}; it is tried again.") from error
            time.sleep(_LOCK_LOOK_SECONDS)
        else:
            return


def _process_count() -> int:
    wanted = settings().training_processes
    if wanted is not None:
        return wanted
    import torch  # noqa: PLC0415 - most kinds need none

    return torch.cuda.device_count()


def _become_team(kind_name: str, folder: Path, count: int) -> None:
    """Let torchrun take this process's place and start `count` of its like, which die with it."""
    team = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    this = ["-m", "cloud_service.training.child", kind_name, str(folder), str(os.getpid())]
    os.execv(sys.executable, [sys.executable, *team, *this])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
