"""What leaves the cloud: events for browsers, results for devices; both are written with the change they tell of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now


class EventCounter(Base):
    """One row. Raising it inside a transaction holds its lock until the commit, so positions follow the commits."""

    __tablename__ = "event_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """Something that a browser is told of; `position` rises in the order of commits.

    It has no gaps, but for progress of training jobs that later progress has replaced.
    """

    __tablename__ = "event"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    site_id: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))  # a capture's, a case's or a device's id
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """A result on its way to the device that took the capture; done when the device has acknowledged it."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "acknowledged_at", "next_attempt_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"), index=True)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    acknowledged_at: Mapped[datetime | None]
