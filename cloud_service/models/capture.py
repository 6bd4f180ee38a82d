"""Captures, their parts on the way in, and their custody trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from shared.vocabulary import CaptureState, Priority


class Capture(Base):
    """One image of a smear, from its announcement on. Its bytes lie in the blob store under `sha256`."""

    __tablename__ = "capture"
    __table_args__ = (
        # A cloned device disk announces old sequence numbers anew with other captures: refused here.
        UniqueConstraint("device_id", "outbox_id", "sequence"),
        UniqueConstraint("device_id", "sha256"),
        Index("ix_capture_announced", "announced_at", "id"),  # the order in which the API pages
        Index("ix_capture_captured", "captured_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"))
    outbox_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=CaptureState.ANNOUNCED, index=True)
    reason: Mapped[str | None] = mapped_column(String(2000))
    sha256: Mapped[str] = mapped_column(String(64))
    original_sha256: Mapped[str] = mapped_column(String(64))
    byte_size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(32))
    width: Mapped[int]
    height: Mapped[int]
    part_size: Mapped[int]
    part_count: Mapped[int]
    case_pseudonym: Mapped[str] = mapped_column(String(32), index=True)
    specimen: Mapped[str | None] = mapped_column(String(200))
    smear: Mapped[str | None] = mapped_column(String(200))
    stain: Mapped[str | None] = mapped_column(String(200))
    micrometres_per_pixel: Mapped[float | None]  # on the slide
    quality: Mapped[dict[str, Any]]
    priority: Mapped[str] = mapped_column(String(16), default=Priority.ROUTINE)
    captured_at: Mapped[datetime]
    announced_at: Mapped[datetime] = mapped_column(default=now)
    received_at: Mapped[datetime | None]


KEPT = (CaptureState.STORED, CaptureState.ANALYSED, CaptureState.FAILED)
"""States in which the cloud has promised to hold a capture's bytes; before them, none were verified."""


class StagedPart(Base):
    """A part that has arrived and waits in the blob store's staging area for the others."""

    __tablename__ = "staged_part"

    capture_id: Mapped[UUID] = mapped_column(primary_key=True)
    part_index: Mapped[int] = mapped_column(primary_key=True)
    # Parts may come before their announce, so there is no foreign key; the device keeps strangers' parts out.
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"))
    part_count: Mapped[int]
    byte_size: Mapped[int]
    crc32: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime] = mapped_column(default=now, index=True)


class CustodyEntry(Base):
    """A stage that a capture has passed, and when."""

    __tablename__ = "custody_entry"

    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime]


class WireRefusal(Base):
    """Messages that ingest refused: from whom, on which topic, why. Kept so that nothing is dropped in silence.

    `topic` ends with the kind (no capture, no index), so that noise is counted in few rows.
    """

    __tablename__ = "wire_refusal"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(300), index=True)
    reason: Mapped[str] = mapped_column(String(2000))
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=now)
    last_at: Mapped[datetime] = mapped_column(default=now)
