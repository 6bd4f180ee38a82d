"""The table of contents of ingest: which function takes which kind of message, and what becomes of a wrong one."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from cloud_service.delivery.results import acknowledge_all
from cloud_service.ingest.announcing import take_announce
from cloud_service.ingest.batch import Batch, Incoming, RefusedCaptureError
from cloud_service.ingest.presence import take_status
from cloud_service.ingest.refusals import note_refusal
from cloud_service.ingest.staging import take_part
from cloud_service.models import Device
from shared.errors import ProtocolError
from shared.messages import Ack
from shared.topics import UpKind, UpTopic, parse_up

Handler = Callable[[Batch, Incoming, UpTopic, Device], None]

_SEEN_AGAIN = timedelta(seconds=5)


def take_ack(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    """Note a device's word that it has shown a result; `keep_acks` writes all of a batch together.

    Raises:
        ProtocolError: it is no acknowledgement.
    """
    ack = Ack.decode(message.payload)
    if ack.capture_id != topic.capture_id:
        raise ProtocolError("The acknowledgement names another capture than its topic.")
    batch.acks.append((message.topic, device.id, ack))


def keep_acks(batch: Batch) -> None:
    """Write down what devices say they have shown; what is no result of theirs is refused."""
    if not batch.acks:
        return
    answers = acknowledge_all(batch.session, [(device_id, ack) for _, device_id, ack in batch.acks])
    for (topic, _, _), known in zip(batch.acks, answers, strict=True):
        if not known:
            note_refusal(batch, topic, "The acknowledgement names no result of this capture for this device.")
    batch.changed |= any(answers)


HANDLERS: dict[UpKind, Handler] = {
    UpKind.STATUS: take_status,
    UpKind.ANNOUNCE: take_announce,
    UpKind.PART: take_part,
    UpKind.ACK: take_ack,
}


def receive(batch: Batch, message: Incoming) -> None:
    """Handle one message. One that breaks the protocol is refused and touches nothing of the others in the batch.

    Raises:
        sqlalchemy.exc.OperationalError: the database is away; the whole batch is to be tried again.
        TransientError: likewise the blob store.
    """
    try:
        topic = parse_up(message.topic)
    except ProtocolError as error:
        note_refusal(batch, message.topic, str(error))
        return
    try:
        device = batch.sender(topic.address)
        _run(batch, message, topic, device)
        _note_seen(batch, device, message)
    except RefusedCaptureError as error:
        batch.receipts.refused(topic.address, error.capture_id, str(error))
        note_refusal(batch, message.topic, str(error))
    except ProtocolError as error:
        note_refusal(batch, message.topic, str(error))


def _run(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    handler = HANDLERS[topic.kind]
    if topic.kind in {UpKind.PART, UpKind.ACK}:
        handler(batch, message, topic, device)  # writes nothing yet, so there is nothing to roll back
        return
    try:
        try:
            with batch.session.begin_nested():
                handler(batch, message, topic, device)
        except IntegrityError:
            # Another replica wrote at the same moment; now its row is seen, and compared with.
            with batch.session.begin_nested():
                handler(batch, message, topic, device)
    except (StatementError, OverflowError) as error:
        if isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError):
            raise
        # Its first line alone: those that follow may quote the statement and what it was to write.
        reason = str(error.orig if isinstance(error, StatementError) else error).partition("\n")[0]
        raise ProtocolError(f"The database cannot hold what the message says: {reason}.") from error


def _note_seen(batch: Batch, device: Device, message: Incoming) -> None:
    """Note that the device is there, every few seconds at most: a write for each message would cost too much."""
    if not message.retained and (device.last_seen_at is None or batch.at - device.last_seen_at > _SEEN_AGAIN):
        device.last_seen_at = batch.at
