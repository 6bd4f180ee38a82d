"""The table of contents of ingest: which function takes which kind of message, and what becomes of a wrong one."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from cloud_service.delivery.results import acknowledge_all
from cloud_service.ingest.announcing import take_announce
from cloud_service.ingest.batch import Batch, Incoming
from cloud_service.ingest.presence import take_status
from cloud_service.ingest.refusals import note_refusal, objections, refusing
from cloud_service.ingest.staging import take_part
from cloud_service.models import Capture, Device
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


def receive(batch: Batch, messages: Sequence[Incoming]) -> None:
    """Handle messages. One that breaks the protocol is refused and touches nothing of the others.

    Raises:
        sqlalchemy.exc.OperationalError: the database is away; the whole batch is to be tried again.
        TransientError: likewise the blob store.
    """
    read = [(message, topic) for message in messages if (topic := _topic_of(batch, message)) is not None]
    # Most announcements bring their parts, so these name nearly all captures that will be asked for.
    batch.look_up(Capture, {topic.capture_id for _, topic in read if topic.kind is UpKind.PART and topic.capture_id})
    batch.look_up(Device, {topic.address.device for _, topic in read})
    for message, topic in read:
        with refusing(batch, message.topic, topic.address):
            device = batch.sender(topic.address)
            _run(batch, message, topic, device)
            _note_seen(batch, device, message)


def _topic_of(batch: Batch, message: Incoming) -> UpTopic | None:
    try:
        return parse_up(message.topic)
    except ProtocolError as error:
        note_refusal(batch, message.topic, str(error))
        return None


def _run(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    handler = HANDLERS[topic.kind]
    if topic.kind is not UpKind.STATUS:
        handler(batch, message, topic, device)  # writes nothing yet that the database could refuse
        return
    with objections(), batch.session.begin_nested():
        handler(batch, message, topic, device)


def _note_seen(batch: Batch, device: Device, message: Incoming) -> None:
    """Note that the device is there, every few seconds at most: a write for each message would cost too much."""
    if not message.retained and (device.last_seen_at is None or batch.at - device.last_seen_at > _SEEN_AGAIN):
        device.last_seen_at = batch.at
