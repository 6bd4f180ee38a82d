"""Status messages: what a device says of itself at birth, from time to time, and by its last will."""

from cloud_service.delivery.results import hasten
from cloud_service.devices.orders import confirm_order, hasten_orders
from cloud_service.devices.summary import record_device_events
from cloud_service.ingest.batch import Batch, Incoming
from cloud_service.models import Device
from shared.errors import ProtocolError
from shared.messages import DeviceStatus
from shared.topics import UpTopic
from shared.vocabulary import Presence

_LARGEST_COUNT = 2**31 - 1


def take_status(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    """Note a device's state; at a birth, its waiting results are to be due at once.

    Raises:
        ProtocolError: it is no status, or another device's.
    """
    status = DeviceStatus.decode(message.payload)
    if (status.site, status.device) != (topic.address.site, topic.address.device):
        raise ProtocolError("The status names another device than its topic.")
    counts = (status.outbox_depth, status.parked, status.refused_files, *status.refused_by_kind.values())
    if max(counts) > _LARGEST_COUNT or status.free_disk_bytes > 2**63 - 1:
        raise ProtocolError("The status holds a number that is too large to be true.")
    before = _shown(device)
    if status.state == Presence.ONLINE:
        _take_birth_or_news(batch, status, device, retained=message.retained)
        if status.obeyed is not None and confirm_order(batch.session, device.id, status.obeyed):
            batch.told_devices.add(device.id)
    elif not _take_death(status, device):
        return
    if _shown(device) != before:
        batch.told_devices.add(device.id)


def tell_of_devices(batch: Batch) -> None:
    """Hasten what waits for devices that have come back, then write an event for each that looks different now.

    To be called after all else, since other writers of events wait from here on.
    """
    batch.session.flush()
    if batch.born_devices:
        hasten(batch.session, batch.born_devices)
        hasten_orders(batch.session, batch.born_devices)
        batch.changed = True
    devices = list(filter(None, (batch.find(Device, device_id) for device_id in sorted(batch.told_devices))))
    if devices:
        record_device_events(batch.session, devices)
        batch.changed = True


def _take_birth_or_news(batch: Batch, status: DeviceStatus, device: Device, *, retained: bool) -> None:
    born = device.session != str(status.session) or device.presence != Presence.ONLINE
    device.presence = Presence.ONLINE
    device.session = str(status.session)
    device.status_sent_at = status.sent_at
    device.agent_version = status.agent_version
    device.outbox_depth, device.parked = status.outbox_depth, status.parked
    device.refused_files = status.refused_files
    device.refused_by_kind = {str(kind): count for kind, count in status.refused_by_kind.items()}
    device.free_disk_bytes, device.paused = status.free_disk_bytes, status.paused
    if not retained:  # what the broker remembers says nothing about the clock now
        device.clock_skew_seconds = (status.sent_at - batch.at).total_seconds()
    if born:
        batch.born_devices.add(device.id)


def _take_death(status: DeviceStatus, device: Device) -> bool:
    """Mark the device as gone. A will of a former session does not count, one of a session that we missed does."""
    former = device.session is not None and device.session != str(status.session)
    if former and device.status_sent_at is not None and status.sent_at <= device.status_sent_at:
        return False
    device.presence = Presence.OFFLINE
    device.session = str(status.session)
    return True


def _shown(device: Device) -> tuple[object, ...]:
    """What people see of a device's state; a change of it is an event."""
    counts = (device.outbox_depth, device.parked, device.refused_files, device.refused_by_kind)
    return (device.presence, device.agent_version, counts, device.paused)
