"""Results and orders on their way to the devices of this shard: published until the device says that it has them."""

from sqlalchemy import Engine

from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.results import due, sent
from cloud_service.devices.orders import due_orders, orders_sent
from cloud_service.ingest.batch import Outgoing
from cloud_service.ingest.connection import Connection
from cloud_service.ingest.processor import database_errors
from cloud_service.models import Delivery, DeviceCommand
from shared.messages import Command, CommandAction, Result
from shared.topics import DeviceAddress

_AT_ONCE = 50


def deliver_due(engine: Engine, settings: Settings, connection: Connection) -> bool:
    """Publish what is due, and count the attempt. The device's own acknowledgement alone ends the attempts.

    Returns:
        Whether there may be more.

    Raises:
        TransientError: the database is away.
    """
    with database_errors():
        with snapshot(engine) as session:
            waiting = due(session, settings.shard, settings.shard_count, _AT_ONCE)
        published = [delivery.id for delivery in waiting if connection.publish(_message(delivery))]
        if published:
            with transaction(engine) as session:
                sent(session, published)
    return len(published) == _AT_ONCE


def give_due_orders(engine: Engine, settings: Settings, connection: Connection) -> bool:
    """Publish the orders that are due, and count the attempt. The device's own status alone ends the attempts.

    Returns:
        Whether something was published.

    Raises:
        TransientError: the database is away.
    """
    with database_errors():
        with snapshot(engine) as session:
            waiting = due_orders(session, settings.shard, settings.shard_count, _AT_ONCE)
        published = [order.id for order in waiting if connection.publish(_command(order))]
        if published:
            with transaction(engine) as session:
                orders_sent(session, published)
    return bool(published)


def _command(order: DeviceCommand) -> Outgoing:
    command = Command(v=1, command_id=order.id, action=CommandAction(order.action), issued_at=order.created_at)
    return Outgoing(DeviceAddress(order.site_id, order.device_id).command(), command.encode())


def _message(delivery: Delivery) -> Outgoing:
    address = DeviceAddress(delivery.site_id, delivery.device_id)  # the row's, never the payload's
    result = Result.model_validate(delivery.payload)
    return Outgoing(address.result(delivery.capture_id), result.encode())
