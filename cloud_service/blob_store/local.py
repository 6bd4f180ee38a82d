"""A blob store in a local folder.

sha256/ab/abcd…         captures, fanned out by the first two digits
staging/{capture}/{n}   parts
incoming/               captures while they are written
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from cloud_service.blob_store.store import PartBytes, check_digest, check_file_digest
from shared.errors import TransientError
from shared.identifiers import sha256_of_file

_AT_ONCE = 1 << 20  # bytes
_ABANDONED = timedelta(days=1)


class LocalBlobStore:
    """See `BlobStore`. Several processes may use one folder at a time.

    Raises:
        TransientError: the folder cannot be made or written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._blobs = self._root / "sha256"
        self._staging = self._root / "staging"
        self._incoming = self._root / "incoming"
        with self._typed_errors():
            for folder in (*self._fans(), self._staging, self._incoming):
                folder.mkdir(parents=True, exist_ok=True)
            _flush_folder(self._blobs)
            self._drop_abandoned()

    def put(self, sha256: str, data: bytes) -> None:
        """See `BlobStore.put`: written aside, flushed, renamed, and the folder flushed too."""
        check_digest(sha256, data)
        self._keep(sha256, lambda: io.BytesIO(data))

    def put_file(self, sha256: str, file: Path) -> None:
        """See `BlobStore.put_file`."""
        check_file_digest(sha256, file)
        self._keep(sha256, lambda: file.open("rb"))

    def _keep(self, sha256: str, opened: Callable[[], BinaryIO]) -> None:
        target = self._path(sha256)
        with self._typed_errors():
            if not (target.exists() and sha256_of_file(target) == sha256):
                with opened() as source:
                    self._write(target, source)
            # Also when it was there: whoever wrote it may have been killed before this.
            _flush_folder(target.parent)

    def get(self, sha256: str) -> bytes:
        """See `BlobStore.get`."""
        with self._typed_errors():
            return self._path(sha256).read_bytes()

    def get_file(self, sha256: str, file: Path) -> None:
        """See `BlobStore.get_file`."""
        with self._typed_errors():
            shutil.copyfile(self._path(sha256), file)

    def exists(self, sha256: str) -> bool:
        """See `BlobStore.exists`."""
        with self._typed_errors():
            return self._path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """See `BlobStore.delete`."""
        with self._typed_errors():
            self._path(sha256).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """See `BlobStore.digests`."""
        with self._typed_errors():
            for path in self._blobs.glob("??/*"):
                yield path.name

    def stage(self, parts: Sequence[PartBytes]) -> None:
        """See `BlobStore.stage`. Nothing is flushed: a part that a crash swallows is asked for again."""
        with self._typed_errors():
            for part in parts:
                folder = self._staging / str(part.capture_id)
                try:
                    (folder / str(part.index)).write_bytes(part.data)
                except FileNotFoundError:
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / str(part.index)).write_bytes(part.data)

    def staged(self, capture_id: UUID, indexes: Sequence[int]) -> dict[int, bytes]:
        """See `BlobStore.staged`."""
        found = {}
        with self._typed_errors():
            for index in indexes:
                try:
                    found[index] = (self._staging / str(capture_id) / str(index)).read_bytes()
                except FileNotFoundError:
                    continue
        return found

    def discard(self, capture_id: UUID) -> None:
        """See `BlobStore.discard`."""
        with self._typed_errors():
            try:
                shutil.rmtree(self._staging / str(capture_id))
            except FileNotFoundError:
                return

    def staged_captures(self) -> Iterator[tuple[UUID, datetime]]:
        """See `BlobStore.staged_captures`: a folder's own time is that of its last new file."""
        with self._typed_errors():
            for folder in self._staging.iterdir():
                at = _changed_at(folder)
                if at is not None:
                    yield UUID(folder.name), at

    def _path(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256

    def _write(self, target: Path, source: BinaryIO) -> None:
        aside = self._incoming / uuid4().hex
        self._incoming.mkdir(exist_ok=True)
        try:
            with aside.open("xb") as file:
                shutil.copyfileobj(source, file, _AT_ONCE)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)

    def _fans(self) -> Iterator[Path]:
        """The folders that captures lie in; made at the start, so that no capture waits for its folder's own flush."""
        return (self._blobs / f"{number:02x}" for number in range(256))

    def _drop_abandoned(self) -> None:
        """Remove what a killed process left half written; a file that is being written is seconds old, not a day."""
        limit = datetime.now(UTC) - _ABANDONED
        for path in self._incoming.iterdir():
            at = _changed_at(path)
            if at is not None and at < limit:
                path.unlink(missing_ok=True)

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise TransientError(
                f"The blob store at {self._root} cannot be used: {error}. Free or mend the disk; ingest tries again.",
            ) from error


def _changed_at(path: Path) -> datetime | None:
    """When a file or folder changed last; None where another process has moved or removed it since it was listed."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
