"""Sites, and the enrolment of devices: in the database and at the broker."""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.devices.broker_admin import DeviceAccess
from cloud_service.devices.orders import drop_orders
from cloud_service.devices.summary import record_device_event
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Device, EnrolmentCode, Site, now
from shared.topics import DeviceAddress
from shared.vocabulary import Presence

_PASSWORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device needs to connect. Given out once: only a hash of the password is kept, by the broker."""

    site: str
    device: str
    password: str = field(repr=False)


def add_site(session: Session, site: str) -> Site:
    """The site of this id, made if it is new.

    Raises:
        ProtocolError: the id cannot stand in a topic.
    """
    DeviceAddress(site, "any")
    found = session.get(Site, site)
    if found is None:
        found = Site(id=site)
        session.add(found)
        session.flush()
    return found


def enrol(session: Session, access: DeviceAccess, actor: Actor, *, site: str, device: str) -> Credentials:
    """Enrol a device for a site, or give it a new password and let it in again; the site is made if it is new.

    Should the commit that follows fail, the broker knows a device that the database does not: ingest refuses it, and
    a second enrolment mends it.

    Raises:
        ProtocolError: an id cannot stand in a topic.
        ConflictError: the device belongs to another site, or the id is one of the cloud's own.
        TransientError, BrokerRefusedError, ConfigurationError: as `BrokerAdmin`.
    """
    found = check_enrolment(session, site=site, device=device)
    add_site(session, site)
    if found is None:
        found = Device(id=device, site_id=site)
        session.add(found)
    found.disabled_at = None
    session.flush()
    credentials = Credentials(site, device, secrets.token_urlsafe(_PASSWORD_BYTES))
    access.put_device(DeviceAddress(site, device), credentials.password)
    record_device_event(session, found)
    record(session, actor, Action.DEVICE_ENROLLED, device, site=site)
    return credentials


def check_enrolment(session: Session, *, site: str, device: str) -> Device | None:
    """See whether a device may be enrolled for a site; returns it, locked, where it is known already.

    Raises:
        ProtocolError: an id cannot stand in a topic.
        ConflictError: the device belongs to another site, or the id is one of the cloud's own.
    """
    DeviceAddress(site, device)
    if device == "admin" or device.startswith("ingest-"):
        raise ConflictError(f"The device id {device!r} is taken by the cloud itself; choose another.")
    found = session.get(Device, device, with_for_update=True)
    if found is not None and found.site_id != site:
        raise ConflictError(
            f"Device {device!r} belongs to site {found.site_id!r}; device ids are unique over all sites."
        )
    return found


def disable(session: Session, access: DeviceAccess, actor: Actor, *, device: str) -> Device:
    """Let a device in no more. Its captures stay, and it can be enrolled again.

    Raises:
        NotFoundError: no such device is enrolled.
        TransientError, BrokerRefusedError, ConfigurationError: as `BrokerAdmin`.
    """
    found = session.get(Device, device, with_for_update=True)
    if found is None:
        raise NotFoundError(f"No device {device!r} is enrolled; see `smearflow device list`.")
    found.disabled_at = found.disabled_at or now()
    found.presence = Presence.OFFLINE
    end_codes(session, device)
    drop_orders(session, device)
    session.flush()
    access.remove_device(device)
    record_device_event(session, found)
    record(session, actor, Action.DEVICE_REMOVED, device, site=found.site_id)
    return found


def end_codes(session: Session, device: str) -> None:
    """Let the unused codes of a device open nothing any more."""
    session.execute(
        update(EnrolmentCode)
        .where(EnrolmentCode.device_id == device, EnrolmentCode.used_at.is_(None), EnrolmentCode.expires_at > now())
        .values(expires_at=now())
    )
