"""Sites and their devices (microscope workstations)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from shared.vocabulary import Presence


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
    free_disk_bytes: Mapped[int | None] = mapped_column(BigInteger)
    paused: Mapped[bool] = mapped_column(default=False)
