"""The disk under the agent: names made durable, and room left before it is full."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to disk, so that a rename survives a loss of power.

    Raises:
        OSError: the disk does not answer.
    """
    if os.name != "posix":
        return  # Windows can neither open a folder nor needs it: NTFS journals the rename
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_disk_bytes(folder: Path) -> int:
    """What is free on the file system that `folder` is on or will be made on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class DiskGuard:
    """Stops the intake before the disk is full, so that what is in the outbox stays safe."""

    folder: Path
    minimum_bytes: int
    free: Callable[[Path], int] = free_disk_bytes

    def alarm(self) -> str | None:
        """Why nothing may be taken in now, in words for a person; None while there is room."""
        free = self.free(self.folder)
        if free >= self.minimum_bytes:
            return None
        return (
            f"The disk of {self.folder} has {free / 1e9:.2f} GB free, less than the {self.minimum_bytes / 1e9:.2f} GB"
            " set as free_disk_minimum_bytes: nothing new is taken in until there is room."
        )
