"""Locks between processes, each a file that goes with what it guards."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock alone; waits for as long as others hold it. The system lets go of it where a process dies."""
    descriptor = _opened(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_if_free(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Hold a lock if that is possible at once, alone or with others who share it; gives whether it is held."""
    try:
        descriptor = _opened(path, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


def _opened(path: Path, how: int) -> int:
    """A descriptor of the file, locked; made where it is missing.

    Who holds a lock may remove its file. Whoever waited for it then holds a lock that nobody else will ever see, and
    begins anew.

    Raises:
        BlockingIOError: another holds it, and `how` says not to wait.
    """
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, mode=0o600)
        with ExitStack() as until_held:
            until_held.callback(os.close, descriptor)
            fcntl.flock(descriptor, how)
            if _is_file_of(descriptor, path):
                until_held.pop_all()
                return descriptor


def _is_file_of(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
