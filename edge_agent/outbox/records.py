"""What the outbox gives out: frozen records of its rows."""

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from edge_agent.intake.capture import PreparedCapture
from edge_agent.intake.deidentify import MediaType
from shared.identifiers import Sha256
from shared.imaging.quality import QualityMeasures
from shared.messages import Announce, MicrometresPerPixel, Result
from shared.parts import PartPlan
from shared.topics import DeviceAddress
from shared.vocabulary import OutboxState, Priority, RefusalKind

LONGEST_DELAY = 900.0
"""Seconds. No capture is put off for longer, whatever the clock does meanwhile."""


class Manifest(BaseModel):
    """What is kept of a capture beside its bytes, until it is announced."""

    model_config = ConfigDict(frozen=True)

    original_sha256: Sha256
    byte_size: int
    media_type: MediaType
    width: int
    height: int
    case: str
    specimen: str | None
    smear: str | None
    stain: str | None
    micrometres_per_pixel: MicrometresPerPixel | None = None  # not kept by agents before 0.2
    captured_at: AwareDatetime
    queued_at: AwareDatetime
    quality: QualityMeasures
    priority: Priority

    @classmethod
    def of(cls, capture: PreparedCapture, queued_at: datetime) -> "Manifest":
        """The manifest of a capture that becomes durable at `queued_at`."""
        return cls(
            original_sha256=capture.original_sha256,
            byte_size=capture.byte_size,
            media_type=capture.media_type,
            width=capture.width,
            height=capture.height,
            case=capture.case,
            specimen=capture.specimen,
            smear=capture.smear,
            stain=capture.stain,
            micrometres_per_pixel=capture.micrometres_per_pixel,
            captured_at=capture.captured_at,
            queued_at=queued_at,
            quality=capture.quality,
            priority=capture.priority,
        )


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One capture in the outbox.

    Attributes:
        outbox_id: of the outbox that counted `sequence`; another outbox begins at 1 again.
        announced: the cloud may know of it already, so that it is asked first what it lacks.
        part_size: bytes; fixed when it is first sent, so that parts of a former connection still fit.
        attempts: how often it was put off since it was put or retried.
        reason: why it is parked or was put off.
    """

    outbox_id: UUID
    capture_id: UUID
    sequence: int
    sha256: str
    state: OutboxState
    announced: bool
    part_size: int | None
    attempts: int
    reason: str | None
    manifest: Manifest
    changed_at: datetime

    @classmethod
    def from_row(cls, outbox_id: UUID, row: sqlite3.Row) -> "OutboxEntry":
        """Read a row of the table `capture`."""
        return cls(
            outbox_id=outbox_id,
            capture_id=UUID(row["capture_id"]),
            sequence=row["sequence"],
            sha256=row["sha256"],
            state=OutboxState(row["state"]),
            announced=bool(row["announced"]),
            part_size=row["part_size"],
            attempts=row["attempts"],
            reason=row["reason"],
            manifest=Manifest.model_validate_json(row["manifest"]),
            changed_at=datetime.fromisoformat(row["changed_at"]),
        )

    def plan(self) -> PartPlan:
        """How its bytes fall into parts; only a leased entry has a part size."""
        return PartPlan(self.manifest.byte_size, self.part_size or self.manifest.byte_size)

    def announce(self, address: DeviceAddress, *, parts_follow: bool) -> Announce:
        """The message that announces it."""
        plan = self.plan()
        return Announce(
            site=address.site,
            device=address.device,
            capture_id=self.capture_id,
            outbox_id=self.outbox_id,
            sequence=self.sequence,
            sha256=self.sha256,
            part_size=plan.part_size,
            part_count=plan.count,
            parts_follow=parts_follow,
            **dict(self.manifest),
        )


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not taken, and why.

    Attributes:
        kind: None where an agent of another version noted it, until the file is read again.
    """

    path: Path
    kind: RefusalKind | None
    reason: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class UnsettledOriginal:
    """A file whose capture is stored in the cloud, and with which retention has yet to deal.

    Attributes:
        sha256: of the payload; the cloud's `stored` receipt named it, else the capture would not be stored.
    """

    path: Path
    original_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A result that came back, with the file it belongs to where that is still known."""

    result: Result
    path: Path | None
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person should look at."""

    raised_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many captures stand in each state, and how many files were refused.

    Attributes:
        refused_by_kind: kinds that occur; together they may be fewer than `refused_files` (see `RefusedFile.kind`).
    """

    by_state: Mapping[OutboxState, int]
    refused_files: int
    refused_by_kind: Mapping[RefusalKind, int]

    @property
    def waiting(self) -> int:
        """Captures that the cloud has not stored yet."""
        return self.by_state.get(OutboxState.WAITING, 0)

    @property
    def parked(self) -> int:
        """Captures that wait for a person."""
        return self.by_state.get(OutboxState.PARKED, 0)


def path_from(value: bytes) -> Path:
    """The path that `os.fsencode` turned into `value`."""
    return Path(os.fsdecode(value))
