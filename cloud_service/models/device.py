"""Sites, their devices (microscope workstations), what these are told, and the codes by which they are enrolled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from shared.vocabulary import CommandState, Presence


class Site(Base):
    """A laboratory site."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Device(Base):
    """A microscope workstation, enrolled for one site, with what it last said of itself."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    enrolled_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]
    presence: Mapped[str] = mapped_column(String(16), default=Presence.OFFLINE)
    session: Mapped[str | None] = mapped_column(String(36))
    # By the device's own clock: tells a late will of a former session from that of a session whose birth was missed.
    status_sent_at: Mapped[datetime | None]
    agent_version: Mapped[str | None] = mapped_column(String(200))
    last_seen_at: Mapped[datetime | None]
    clock_skew_seconds: Mapped[float | None]
    outbox_depth: Mapped[int | None]
    parked: Mapped[int | None]
    refused_files: Mapped[int | None]
    refused_by_kind: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))  # a RefusedByKind
    free_disk_bytes: Mapped[int | None] = mapped_column(BigInteger)
    paused: Mapped[bool] = mapped_column(default=False)


class DeviceCommand(Base):
    """An order on its way to a device; done when the device's status names it, or when a later one has replaced it."""

    __tablename__ = "device_command"
    __table_args__ = (
        Index("ix_device_command_device", "device_id", "created_at"),
        Index("ix_device_command_due", "settled_at", "next_attempt_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"))
    action: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]  # first
    settled_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16), default=CommandState.WAITING)


class EnrolmentCode(Base):
    """Lets one workstation fetch its credentials, once and soon. The code is shown once, this row holds its SHA-256."""

    __tablename__ = "enrolment_code"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    site_id: Mapped[str] = mapped_column(String(64))  # may not be there yet: it is made when the code is redeemed
    device_id: Mapped[str] = mapped_column(String(64), index=True)
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
