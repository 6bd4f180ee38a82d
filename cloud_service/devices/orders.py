"""Orders to devices (the wire's `Command`): kept until the device's own status says that they were carried out.

The ingest replica of the device's shard publishes them, as it does results. They wait while the device is away, so
that the broker's queue for it does not fill with repetitions.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.delivery.shards import sites_of_shard
from cloud_service.devices.queries import known_device
from cloud_service.devices.summary import record_device_event, record_device_events
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Device, DeviceCommand, now
from shared.backoff import pause
from shared.messages import CommandAction
from shared.vocabulary import CommandState, Presence

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 20.0, 3600.0

_REPLACES = {
    CommandAction.PAUSE: (CommandAction.PAUSE, CommandAction.RESUME),
    CommandAction.RESUME: (CommandAction.PAUSE, CommandAction.RESUME),
    CommandAction.REANNOUNCE: (CommandAction.REANNOUNCE,),
    CommandAction.RELOAD: (CommandAction.RELOAD,),
}
"""Which waiting orders a new one makes pointless."""


def give_order(session: Session, actor: Actor, *, device_id: str, action: CommandAction) -> DeviceCommand:
    """Order a device to do something, in place of what it was told before and has not done yet.

    Raises:
        NotFoundError: no such device is enrolled.
        ConflictError: it is shut out.
    """
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        raise NotFoundError(f"No device {device_id!r} is enrolled.")
    if device.disabled_at is not None:
        raise ConflictError(f"Device {device_id!r} is shut out: enrol it again first.")
    drop_orders(session, device_id, _REPLACES[action])
    order = DeviceCommand(id=uuid4(), site_id=device.site_id, device_id=device_id, action=action, created_by=actor.name)
    session.add(order)
    session.flush()
    record_device_event(session, device)
    record(session, actor, Action.DEVICE_COMMANDED, device_id, command=str(action))
    return order


def drop_orders(session: Session, device_id: str, actions: Collection[CommandAction] = tuple(CommandAction)) -> None:
    """Let a device be told no more what it has not confirmed yet."""
    session.execute(
        update(DeviceCommand)
        .where(
            DeviceCommand.device_id == device_id,
            DeviceCommand.settled_at.is_(None),
            DeviceCommand.action.in_(actions),
        )
        .values(state=CommandState.REPLACED, settled_at=now())
    )


def orders_of(session: Session, device_id: str, limit: int) -> Sequence[DeviceCommand]:
    """What a device was told last, newest first.

    Raises:
        NotFoundError: no such device is enrolled.
    """
    known_device(session, device_id)
    newest_first = select(DeviceCommand).order_by(DeviceCommand.created_at.desc(), DeviceCommand.id)
    return session.scalars(newest_first.where(DeviceCommand.device_id == device_id).limit(limit)).all()


def due_orders(session: Session, shard: int, shard_count: int, limit: int) -> Sequence[DeviceCommand]:
    """What is to be published now to the devices of a shard that are there, the oldest first."""
    waiting = (
        select(DeviceCommand)
        .join(Device, Device.id == DeviceCommand.device_id)
        .where(
            DeviceCommand.settled_at.is_(None),
            DeviceCommand.next_attempt_at <= now(),
            Device.presence == Presence.ONLINE,
            Device.disabled_at.is_(None),
        )
    )
    if shard_count > 1:
        waiting = waiting.where(DeviceCommand.site_id.in_(sites_of_shard(session, shard, shard_count)))
    return session.scalars(waiting.order_by(DeviceCommand.created_at, DeviceCommand.id).limit(limit)).all()


def orders_sent(session: Session, order_ids: Collection[UUID]) -> None:
    """Count an attempt of each and put its next one off: doubling up to an hour, jittered, until it is confirmed."""
    fresh: dict[str, Device] = {}
    for order in session.scalars(select(DeviceCommand).where(DeviceCommand.id.in_(order_ids)).with_for_update()):
        wait = pause(order.attempts, _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
        order.next_attempt_at = now() + timedelta(seconds=wait)
        order.attempts += 1
        if order.state == CommandState.WAITING:
            order.state, order.sent_at = CommandState.SENT, now()
            fresh[order.device_id] = session.get_one(Device, order.device_id)
    session.flush()
    if fresh:
        record_device_events(session, list(fresh.values()))


def confirm_order(session: Session, device_id: str, order_id: UUID) -> bool:
    """Take a device's word that it has carried an order out; False where this is no news, or not its order."""
    order = session.get(DeviceCommand, order_id)
    if order is None or order.device_id != device_id or order.settled_at is not None:
        return False
    order.state, order.settled_at = CommandState.CONFIRMED, now()
    return True


def hasten_orders(session: Session, device_ids: Collection[str]) -> None:
    """Make everything that devices have not confirmed due now: they have just come back."""
    session.execute(
        update(DeviceCommand)
        .where(DeviceCommand.device_id.in_(device_ids), DeviceCommand.settled_at.is_(None))
        .values(next_attempt_at=now(), attempts=0)
    )
