"""Parts: checked one by one, set aside together, and counted until a capture has all of its own."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from cloud_service.blob_store import PartBytes
from cloud_service.database import upsert
from cloud_service.ingest.batch import ArrivedPart, Batch, Incoming, RefusedCaptureError, address_of
from cloud_service.models import Capture, Device, StagedPart
from shared.errors import ProtocolError
from shared.parts import Part, PartPlan
from shared.topics import UpTopic
from shared.vocabulary import CaptureState

EARLY_PARTS, EARLY_BYTES = 4096, 256 * 1024 * 1024
"""What one device may have lying in the staging area before its announcements."""


def take_part(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    """Check a part against its own checksum and the capture's plan, and set it aside. Twice is as good as once.

    Raises:
        ProtocolError: it is damaged (and asked for again), another device's, or there is no room for early parts;
            RefusedCaptureError where it contradicts the announcement.
    """
    if topic.capture_id is None or topic.index is None:
        raise ProtocolError("The topic names no part.")
    capture = batch.find(Capture, topic.capture_id)
    if capture is not None and capture.device_id != device.id:
        raise ProtocolError("The part belongs to a capture of another device.")
    if capture is not None and capture.state != CaptureState.ANNOUNCED:
        batch.receipts.settled(topic.address, capture)
        return
    part = _read(batch, message, topic.index, capture)
    if capture is None:
        _check_room(batch, device, len(part.data))
    elif _is_of_another_plan(capture, part):
        return  # late, or doubled: the device has announced the capture in other parts since
    else:
        _check_plan(capture, part)
        batch.touched.add(capture.id)
    staged = PartBytes(topic.capture_id, part.index, part.data)
    batch.parts[topic.capture_id, part.index] = ArrivedPart(device.id, part.count, part.crc32, staged)


def take_whole(batch: Batch) -> dict[UUID, bytes]:
    """Take out of the batch the captures that came in it from announcement to last part; they need no staging area.

    Nothing of the batch is acknowledged before they are stored, so a crash brings all their parts again.

    Returns:
        Their bytes, put together, by capture.
    """
    indexes: dict[UUID, list[int]] = defaultdict(list)
    for capture_id, index in batch.parts:
        indexes[capture_id].append(index)
    whole = {}
    for capture_id, found in indexes.items():
        capture = batch.find(Capture, capture_id)
        if capture is not None and capture.state == CaptureState.ANNOUNCED and len(found) == capture.part_count:
            whole[capture_id] = b"".join(batch.parts.pop((capture_id, index)).bytes.data for index in sorted(found))
            batch.touched.discard(capture_id)
    return whole


def keep_parts(batch: Batch) -> None:
    """Write the collected parts into the staging area, then their rows; a crash between leaves bytes without a row."""
    if not batch.parts:
        return
    batch.blob_store.stage([part.bytes for part in batch.parts.values()])
    statement = upsert(batch.session, StagedPart)
    replaced = {
        name: statement.excluded[name] for name in ("device_id", "part_count", "byte_size", "crc32", "arrived_at")
    }
    batch.session.execute(
        statement.on_conflict_do_update(index_elements=["capture_id", "part_index"], set_=replaced),
        [
            {
                "capture_id": part.bytes.capture_id,
                "part_index": part.bytes.index,
                "device_id": part.device_id,
                "part_count": part.count,
                "byte_size": len(part.bytes.data),
                "crc32": part.crc32,
                "arrived_at": batch.at,
            }
            for part in batch.parts.values()
        ],
    )


def complete_captures(batch: Batch) -> list[Capture]:
    """The captures touched by this batch that have all their parts; who asked is told what the others lack."""
    if not batch.touched:
        return []
    captures = batch.session.scalars(select(Capture).where(Capture.id.in_(batch.touched))).all()
    counts = _arrived_counts(batch, [capture.id for capture in captures])
    waiting = [capture for capture in captures if capture.state == CaptureState.ANNOUNCED]
    for capture in waiting:
        if capture.id in batch.asked and counts.get(capture.id, 0) < capture.part_count:
            arrived = batch.session.scalars(
                select(StagedPart.part_index).where(StagedPart.capture_id == capture.id)
            ).all()
            batch.receipts.missing(address_of(capture), capture.id, plan_of(capture).missing(arrived))
    return [capture for capture in waiting if counts.get(capture.id, 0) == capture.part_count]


def plan_of(capture: Capture) -> PartPlan:
    """How the capture's bytes fall into parts."""
    return PartPlan(capture.byte_size, capture.part_size)


def _arrived_counts(batch: Batch, capture_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = batch.session.execute(
        select(StagedPart.capture_id, func.count().label("arrived"))
        .where(StagedPart.capture_id.in_(capture_ids))
        .group_by(StagedPart.capture_id)
    )
    return {row.capture_id: row.arrived for row in rows}


def _read(batch: Batch, message: Incoming, index: int, capture: Capture | None) -> Part:
    try:
        return Part.received(index, message.properties, message.payload)
    except ProtocolError:
        if capture is not None and index < capture.part_count:
            batch.receipts.missing(address_of(capture), capture.id, [index])
        raise


def _is_of_another_plan(capture: Capture, part: Part) -> bool:
    """Whether this is a part of the same bytes, cut in another way than was announced last."""
    others, size = part.count - 1, len(part.data)
    if others and part.index == others:  # the last part is shorter: what it leaves tells the size of the others
        size = (capture.byte_size - size) // others
    if size <= 0 or -(-capture.byte_size // size) != part.count or _fits(plan_of(capture), part):
        return False
    return _fits(PartPlan(capture.byte_size, size), part)


def _fits(plan: PartPlan, part: Part) -> bool:
    return part.count == plan.count and len(part.data) == plan.length(part.index)


def _check_plan(capture: Capture, part: Part) -> None:
    if part.count != capture.part_count:
        raise RefusedCaptureError(
            capture.id, f"A part says that there are {part.count} of them; {capture.part_count} were announced."
        )
    try:
        expected = plan_of(capture).length(part.index)
    except ProtocolError as error:
        raise RefusedCaptureError(capture.id, str(error)) from error
    if len(part.data) != expected:
        raise RefusedCaptureError(
            capture.id, f"Part {part.index} has {len(part.data)} bytes; by the announcement it has {expected}."
        )


def _check_room(batch: Batch, device: Device, size: int) -> None:
    """Bound what a device can pile up without announcing it."""
    if device.id not in batch.early:
        row = batch.session.execute(
            select(func.count(), func.coalesce(func.sum(StagedPart.byte_size), 0)).where(
                StagedPart.device_id == device.id, StagedPart.capture_id.not_in(select(Capture.id))
            )
        ).one()
        batch.early[device.id] = (row[0], row[1])
    count, total = batch.early[device.id]
    if count + 1 > EARLY_PARTS or total + size > EARLY_BYTES:
        raise ProtocolError("Too many parts came before their announcements; announce first, then send the rest.")
    batch.early[device.id] = (count + 1, total + size)
