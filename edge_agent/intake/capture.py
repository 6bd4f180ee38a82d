"""One capture, what the outbox does with it, and by what its file is known."""

import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from edge_agent.intake.deidentify import MediaType
from edge_agent.intake.names import sidecars_of
from shared.imaging.quality import QualityMeasures
from shared.messages import MicrometresPerPixel
from shared.vocabulary import Priority, RefusalKind


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """By what a file is known without opening it: any change of it, or of its sidecar, changes this.

    Attributes:
        size: bytes.
        mtime_ns: time of the last change, nanoseconds since 1970.
        inode: the file system's number of the file; another one after a copy over it.
        sidecar_mtime_ns: the same time of its sidecar, 0 where it has none; so a sidecar that comes late or is
            corrected makes its image new again.
    """

    size: int
    mtime_ns: int
    inode: int
    sidecar_mtime_ns: int = 0

    @classmethod
    def of(cls, image: os.stat_result, sidecar: os.stat_result | None = None) -> "Fingerprint":
        """The fingerprint of an image and its sidecar."""
        return cls(image.st_size, image.st_mtime_ns, image.st_ino, sidecar.st_mtime_ns if sidecar else 0)

    @classmethod
    def at(cls, image: Path) -> "Fingerprint":
        """The fingerprint of the image at a path, as it is now.

        Raises:
            OSError: the path leads nowhere, or may not be looked at.
        """
        return cls.of(image.stat(), next(filter(None, map(_stat_or_none, sidecars_of(image))), None))

    def __str__(self) -> str:
        """One line that may be stored and compared."""
        return f"{self.size}:{self.mtime_ns}:{self.inode}:{self.sidecar_mtime_ns}"


NO_FINGERPRINT = Fingerprint(-1, 0, 0)
"""Of a file that could not be looked at: equal to no file's, so that the path is tried again at each scan."""


def _stat_or_none(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


class CaptureTimeSource(StrEnum):
    """Where a capture's time comes from, the best first."""

    SIDECAR = "sidecar"
    EXIF = "exif"
    FILE = "file"  # the time of the file's last change


@dataclass(frozen=True, slots=True)
class PreparedCapture:
    """One file, read, checked, identified and stripped: ready for the outbox. It holds no accession.

    Attributes:
        path: of the original. Its name may hold anything, even bytes that are no UTF-8: keep it as `os.fsencode(path)`,
            never log it, never send it.
        fingerprint: of the file as it was read.
        payload: the bytes that travel, in memory or in an unnamed file; who asked for the capture closes it.
        byte_size: of `payload`.
        sha256: of `payload`.
        original_sha256: of the file.
        case: pseudonym of the accession, 32 hexadecimal digits.
    """

    path: Path
    fingerprint: Fingerprint
    payload: BinaryIO
    byte_size: int
    sha256: str
    original_sha256: str
    media_type: MediaType
    width: int
    height: int
    case: str
    specimen: str | None
    smear: str | None
    stain: str | None
    micrometres_per_pixel: MicrometresPerPixel | None
    captured_at: datetime
    captured_at_source: CaptureTimeSource
    quality: QualityMeasures
    priority: Priority = Priority.ROUTINE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is not taken: in words for the technician, and in the one word that may leave the site."""

    path: Path
    fingerprint: Fingerprint
    kind: RefusalKind
    reason: str


class PutResult(StrEnum):
    """What the outbox did with a capture."""

    NEW = "new"  # it is durable now and will be sent
    DUPLICATE = "duplicate"  # the same content stands there under the same case: one capture, not two
    CONFLICT = "conflict"  # the same content stands there under another case: nothing was written


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """The outbox's answer, with the id of the new or of the existing capture."""

    result: PutResult
    capture_id: UUID


class CaptureStore(Protocol):
    """The side of the outbox that the intake sees. All of it is durable when it returns; raises TransientError.

    Its ledger has one row a path, so that a file is not opened twice; a later `put` or `refuse` replaces the row.
    """

    def put(self, capture: PreparedCapture) -> PutOutcome:
        """Take a capture in; two are the same if their `sha256` is.

        Also for a DUPLICATE the file's path, fingerprint and `original_sha256` are noted with the existing capture,
        so that retention reaches each file. For a CONFLICT nothing is: the intake calls `refuse`.
        """

    def refuse(self, refusal: Refusal) -> None:
        """Note, for a person to see, why a file is not taken; it is not tried again while it stays as it is."""

    def is_known(self, path: Path, fingerprint: Fingerprint) -> bool:
        """Whether exactly this state of the file was put or refused before."""
