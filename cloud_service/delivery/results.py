"""Results on their way to the devices: a transactional outbox, emptied by the ingest replica of the device's shard.

A result is published again and again, with a doubling wait, until the device says that it was shown.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from cloud_service.captures.custody import stamp
from cloud_service.config import settings
from cloud_service.delivery.events import record_capture_events
from cloud_service.delivery.shards import sites_of_shard
from cloud_service.models import Capture, Delivery, now
from shared.backoff import pause
from shared.messages import Ack, Result, ResultKind
from shared.vocabulary import CustodyStage

LONGEST_WAIT_SECONDS = 3600.0


def add_delivery(session: Session, capture: Capture, result: Result) -> None:
    """Address a result to the device in the capture's own row; the transaction is that of the result itself.

    Raises:
        ValueError: the result is another capture's, or names other bytes.
    """
    if (result.capture_id, result.sha256) != (capture.id, capture.sha256):
        raise ValueError(f"Result {result.delivery_id} is not one of capture {capture.id} with its SHA-256.")
    delivery = Delivery(
        id=result.delivery_id,
        capture_id=capture.id,
        site_id=capture.site_id,
        device_id=capture.device_id,
        payload=result.model_dump(mode="json"),
        created_at=result.created_at,
    )
    session.add(delivery)


def due(session: Session, shard: int, shard_count: int, limit: int) -> Sequence[Delivery]:
    """What is to be published now to the devices of a shard, the longest due first.

    A capture's newest result alone: one that came later (a retry's prediction after a failure) replaces what waits. A
    signed diagnosis is replaced by another one only, such as an amendment.
    """
    newer = aliased(Delivery)
    is_diagnosis, by_diagnosis = (row.payload["kind"].as_string() == ResultKind.DIAGNOSIS for row in (Delivery, newer))
    replaced = exists().where(
        newer.capture_id == Delivery.capture_id,
        newer.created_at > Delivery.created_at,
        or_(by_diagnosis, ~is_diagnosis),
    )
    waiting = select(Delivery).where(Delivery.acknowledged_at.is_(None), Delivery.next_attempt_at <= now(), ~replaced)
    if shard_count > 1:
        waiting = waiting.where(Delivery.site_id.in_(sites_of_shard(session, shard, shard_count)))
    return session.scalars(waiting.order_by(Delivery.next_attempt_at, Delivery.id).limit(limit)).all()


def sent(session: Session, delivery_ids: Collection[UUID]) -> None:
    """Count an attempt of each and put its next one off: doubling up to an hour, jittered, until it is acknowledged."""
    for delivery in session.scalars(select(Delivery).where(Delivery.id.in_(delivery_ids))):
        delivery.next_attempt_at = now() + wait_after(delivery.attempts)
        delivery.attempts += 1
    session.flush()


def wait_after(attempts: int) -> timedelta:
    """How long to wait after an attempt that had `attempts` before it: between a half and the whole of the step.

    The jitter keeps the results of devices that went away together from being sent together.
    """
    return timedelta(seconds=pause(attempts, settings().delivery_retry_seconds, LONGEST_WAIT_SECONDS))


def acknowledge_all(session: Session, acks: Sequence[tuple[str, Ack]]) -> list[bool]:
    """Take devices' words, at least one, that they have shown results.

    Args:
        session: the transaction of the batch that brought them.
        acks: each with the id of the device that sent it.

    Returns:
        In their order: True where the device was to have this result of this capture, also when it says so again.
    """
    wanted = select(Delivery).where(Delivery.id.in_({ack.delivery_id for _, ack in acks})).order_by(Delivery.id)
    found = {delivery.id: delivery for delivery in session.scalars(wanted.with_for_update())}
    answers, fresh = [], {}
    for device_id, ack in acks:
        delivery = found.get(ack.delivery_id)
        known = delivery is not None and (delivery.device_id, delivery.capture_id) == (device_id, ack.capture_id)
        answers.append(known)
        if known and delivery is not None and delivery.acknowledged_at is None:
            delivery.acknowledged_at = now()
            fresh[delivery.id] = delivery
    if fresh:
        _stamp_custody(session, list(fresh.values()))
        shown = select(Capture).where(Capture.id.in_({delivery.capture_id for delivery in fresh.values()}))
        record_capture_events(session, session.scalars(shown).all())
    return answers


def hasten(session: Session, device_ids: Collection[str]) -> None:
    """Make all that devices have not acknowledged due now, with short waits again: they have just come back."""
    session.execute(
        update(Delivery)
        .where(Delivery.device_id.in_(device_ids), Delivery.acknowledged_at.is_(None))
        .values(next_attempt_at=now(), attempts=0)
    )


def _stamp_custody(session: Session, deliveries: Sequence[Delivery]) -> None:
    # That a publish went out says nothing about its arrival, so the device's word is the proof of both stages.
    # A failure is no answer yet: the trail goes on when a person has had it analysed again.
    answered = [delivery.capture_id for delivery in deliveries if delivery.payload["kind"] != ResultKind.FAILURE]
    at = now()
    for stage in (CustodyStage.DELIVERED, CustodyStage.ACKNOWLEDGED):
        stamp(session, answered, {stage: at})
