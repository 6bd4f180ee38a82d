"""What a blob store can do: it keeps captures under their SHA-256 for good, and their parts for a while."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes, sha256_of_file


class DigestMismatchError(PermanentError):
    """Bytes were to be kept under a SHA-256 that is not theirs."""


@dataclass(frozen=True, slots=True)
class PartBytes:
    """The bytes of one part of a capture, on their way to the staging area."""

    capture_id: UUID
    index: int
    data: bytes


class BlobStore(Protocol):
    """Durable bytes by content, and a staging area that promises nothing after a crash.

    Whatever goes wrong in a backend arrives as FileNotFoundError (it is not there) or as TransientError (the store is
    away, full or forbids it: try again later, nothing was promised).
    """

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a capture's bytes. On return they survive a crash of process and machine. Twice is as good as once.

        Raises:
            DigestMismatchError: `sha256` is not the digest of `data`; nothing was kept.
        """

    def put_file(self, sha256: str, file: Path) -> None:
        """As `put`, for a file too large to be held in memory, say an archive."""

    def get_file(self, sha256: str, file: Path) -> None:
        """Write what is kept into `file`. Raises FileNotFoundError where there is nothing under this digest."""

    def get(self, sha256: str) -> bytes:
        """A capture's bytes. Raises FileNotFoundError where there are none under this digest."""

    def exists(self, sha256: str) -> bool:
        """Whether there are bytes under this digest; they are not read."""

    def delete(self, sha256: str) -> None:
        """Remove a capture's bytes; it does not matter if there are none."""

    def digests(self) -> Iterator[str]:
        """The SHA-256 of everything that is kept, in no order."""

    def stage(self, parts: Sequence[PartBytes]) -> None:
        """Set parts aside; a part that was there already is replaced. Not durable: check what `staged` returns."""

    def staged(self, capture_id: UUID, indexes: Sequence[int]) -> dict[int, bytes]:
        """Those of the parts that are there, by index."""

    def discard(self, capture_id: UUID) -> None:
        """Remove all staged parts of a capture; it does not matter if there are none."""

    def staged_captures(self) -> Iterator[tuple[UUID, datetime]]:
        """The captures that have staged parts, each with a moment (UTC) at or before which its last part came."""


def check_digest(sha256: str, data: bytes) -> None:
    """Raise DigestMismatchError unless `sha256` is the digest of `data`."""
    found = sha256_of_bytes(data)
    if found != sha256:
        raise DigestMismatchError(f"{len(data)} bytes have the SHA-256 {found}, not {sha256}; they were not kept.")


def check_file_digest(sha256: str, file: Path) -> None:
    """Raise DigestMismatchError unless `sha256` is the digest of the bytes in `file`."""
    found = sha256_of_file(file)
    if found != sha256:
        raise DigestMismatchError(f"{file.name} has the SHA-256 {found}, not {sha256}; it was not kept.")
