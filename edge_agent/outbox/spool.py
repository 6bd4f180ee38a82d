"""The spool: one file a capture with the bytes that are to travel, named by its id."""

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from edge_agent.disk import sync_folder
from shared.errors import TransientError

_DRAFT = ".draft"
_COPIED_AT_ONCE = 1 << 20


class Spool:
    """A folder of payload files; each is whole and durable once `write` has returned."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def path(self, capture_id: UUID) -> Path:
        """Where this capture's bytes lie."""
        return self._folder / str(capture_id)

    def write(self, capture_id: UUID, payload: BinaryIO) -> None:
        """Write a payload: file synced, renamed, folder synced, so that a loss of power leaves all of it or nothing.

        Raises:
            TransientError: the disk is full or does not answer.
        """
        target = self.path(capture_id)
        draft = target.with_suffix(_DRAFT)
        try:
            with draft.open("xb") as stream:
                payload.seek(0)
                shutil.copyfileobj(payload, stream, _COPIED_AT_ONCE)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(target)
            sync_folder(self._folder)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise TransientError(f"The spool {self._folder} could not be written ({error.strerror}).") from error

    def read(self, capture_id: UUID, span: slice) -> bytes:
        """The bytes `span.start` to `span.stop` of a payload.

        Raises:
            OSError: the file is gone, cannot be read, or is too short.
        """
        with self.path(capture_id).open("rb") as stream:
            stream.seek(span.start)
            data = stream.read(span.stop - span.start)
        if len(data) != span.stop - span.start:
            raise OSError(errno.EIO, "it is shorter than it was")
        return data

    def holds(self, capture_id: UUID) -> bool:
        """Whether this capture's bytes are here."""
        return self.path(capture_id).exists()

    def remove(self, capture_id: UUID) -> None:
        """Remove a payload that is not needed any more; one that is gone already is no error."""
        self.path(capture_id).unlink(missing_ok=True)

    def sweep(self, needed: Collection[UUID]) -> int:
        """Remove what a crash left behind: drafts, and payloads that no capture needs; returns how many."""
        names = {str(capture_id) for capture_id in needed}
        orphans = [path for path in self._folder.iterdir() if path.name not in names]
        for path in orphans:
            path.unlink()
        return len(orphans)
