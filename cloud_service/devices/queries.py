"""Reads of devices and of what ingest refused on the wire."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.models import Device, WireRefusal
from shared.vocabulary import Presence


def all_devices(session: Session) -> Sequence[Device]:
    """Every enrolled device, by site and id."""
    return session.scalars(select(Device).order_by(Device.site_id, Device.id)).all()


def devices_online(session: Session) -> int:
    """How many devices are connected now."""
    return session.scalar(select(func.count()).where(Device.presence == Presence.ONLINE)) or 0


def newest_refusals(session: Session, limit: int) -> Sequence[WireRefusal]:
    """What was refused last, newest first."""
    return session.scalars(
        select(WireRefusal).order_by(WireRefusal.last_at.desc(), WireRefusal.id.desc()).limit(limit)
    ).all()


def refused_messages(session: Session) -> int:
    """How many messages were refused in all."""
    return session.scalar(select(func.coalesce(func.sum(WireRefusal.count), 0))) or 0
