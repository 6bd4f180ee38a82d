"""Reads of devices and of what ingest refused on the wire."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from cloud_service.errors import NotFoundError
from cloud_service.models import Device, WireRefusal
from shared.topics import ROOT
from shared.vocabulary import Presence


def all_devices(session: Session, *, within: str | None = None) -> Sequence[Device]:
    """Every enrolled device, of the site `within` or of all, by site and id."""
    query = select(Device).order_by(Device.site_id, Device.id)
    if within is not None:
        query = query.where(Device.site_id == within)
    return session.scalars(query).all()


def known_device(session: Session, device_id: str) -> Device:
    """An enrolled device.

    Raises:
        NotFoundError: there is none with this id.
    """
    device = session.get(Device, device_id)
    if device is None:
        raise NotFoundError(f"No device {device_id!r} is enrolled; see `smearflow device list`.")
    return device


def devices_online(session: Session) -> int:
    """How many devices are connected now."""
    return session.scalar(select(func.count()).where(Device.presence == Presence.ONLINE)) or 0


def newest_refusals(session: Session, limit: int, *, within: str | None) -> Sequence[WireRefusal]:
    """What was refused last, from the site `within` or from any, newest first."""
    newest_first = select(WireRefusal).order_by(WireRefusal.last_at.desc(), WireRefusal.id.desc())
    return session.scalars(newest_first.where(_refused_from(within)).limit(limit)).all()


def refused_messages(session: Session, *, within: str | None) -> int:
    """How many messages were refused in all, from the site `within` or from any."""
    query = select(func.coalesce(func.sum(WireRefusal.count), 0)).where(_refused_from(within))
    return session.scalar(query) or 0


def _refused_from(site: str | None) -> ColumnElement[bool]:
    if site is None:
        return true()
    # Not LIKE, to which capital letters are the same on SQLite, and `_` any letter: site ids may hold both.
    root = f"{ROOT}/{site}/"
    return func.substr(WireRefusal.topic, 1, len(root)) == root
