"""Memory, set for programs that run for weeks: how it is freed, and what the garbage collector looks through."""

import ctypes
import gc
import platform

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4


def keep_freed_memory(*, blocks_below: int | None = None) -> bool:
    """Makes glibc keep freed memory for the next array in place of returning it to the kernel.

    Each training step frees and takes hundreds of megabytes; without this, page faults cost half of its time. A worker
    takes 900 of them for each capture that it answers, which is 1.7 ms of the kernel's time.
    Holds for the whole process, from now on.

    Args:
        blocks_below: keep only blocks of fewer bytes than this (32 MB at most) and a few of them, so that one large
            image is not held for ever; None keeps all.

    Returns:
        Whether it was done; elsewhere than with glibc nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    if blocks_below is None:
        return bool(libc.mallopt(_M_MMAP_MAX, 0)) and bool(libc.mallopt(_M_TRIM_THRESHOLD, -1))
    return bool(libc.mallopt(_M_MMAP_THRESHOLD, blocks_below)) and bool(
        libc.mallopt(_M_TRIM_THRESHOLD, 4 * blocks_below)
    )


def freeze_what_is_loaded() -> None:
    """Keeps the garbage collector from what is there by now; call it when a program is ready to serve.

    What was imported and set up stays for good. To look through it, 200,000 objects, took up to 0.1 s each time, in
    which the program did nothing else; the first captures after a start waited for that.
    """
    gc.collect()
    gc.freeze()
