"""The C library's memory allocator, set for training."""

import ctypes
import platform

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Makes glibc keep freed memory for the next step in place of returning it to the kernel.

    Each training step frees and takes hundreds of megabytes; without this, page faults cost half of its time.
    Holds for the whole process, from now on.

    Returns:
        Whether it was done; elsewhere than with glibc nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(_M_MMAP_MAX, 0)) and bool(libc.mallopt(_M_TRIM_THRESHOLD, -1))
