"""Gathers devices' summaries from their rows; the API and the event stream say the same."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from cloud_service.delivery.events import EventKind, record_events
from cloud_service.devices.schemas import DeviceCommandView, DeviceSummary
from cloud_service.models import Device, DeviceCommand


def device_summaries(session: Session, devices: Sequence[Device]) -> list[DeviceSummary]:
    """The summaries of devices as this transaction sees them, each with its newest order, in the order given."""
    session.flush()
    orders = _newest_orders(session, [device.id for device in devices])
    return [
        DeviceSummary.model_validate(device).model_copy(update={"last_command": orders.get(device.id)})
        for device in devices
    ]


def record_device_event(session: Session, device: Device) -> None:
    """Write an event with the device's summary as it now stands; see `record_event` on its lock."""
    record_device_events(session, [device])


def record_device_events(session: Session, devices: Sequence[Device]) -> None:
    """`record_device_event` for several devices, at least one; in few statements, however many there are."""
    summaries = device_summaries(session, devices)
    told = [(summary.id, summary.model_dump(mode="json"), summary.site_id) for summary in summaries]
    record_events(session, EventKind.DEVICE, told)


def _newest_orders(session: Session, device_ids: Sequence[str]) -> dict[str, DeviceCommandView]:
    newer = aliased(DeviceCommand)
    replaced = exists().where(newer.device_id == DeviceCommand.device_id, newer.created_at > DeviceCommand.created_at)
    newest = select(DeviceCommand).where(DeviceCommand.device_id.in_(device_ids), ~replaced)
    return {order.device_id: DeviceCommandView.model_validate(order) for order in session.scalars(newest)}
