"""Announcements: a capture's manifest becomes its row, once; what contradicts an earlier one is refused."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from cloud_service.ingest.batch import Admission, Batch, Incoming, RefusedCaptureError
from cloud_service.ingest.staging import plan_of
from cloud_service.models import Capture, Device, StagedPart
from shared.errors import ProtocolError
from shared.messages import Announce
from shared.topics import DeviceAddress, UpTopic
from shared.vocabulary import CaptureState

_LARGEST_SEQUENCE = 2**63 - 1
_PLAN = ("part_size", "part_count")
_CHANGEABLE = (*_PLAN, "priority")


def take_announce(batch: Batch, message: Incoming, topic: UpTopic, device: Device) -> None:
    """Take a manifest in, or compare it with the one that is there. Parts that came before it are kept if they fit.

    Raises:
        ProtocolError: it is no manifest; RefusedCaptureError where it names a capture that cannot be taken like this.
    """
    try:
        announce = Announce.decode(message.payload)
    except ProtocolError as error:
        capture_id = _capture_id_in(message.payload)
        if capture_id is None:
            raise
        raise RefusedCaptureError(capture_id, str(error)) from error
    if (announce.site, announce.device) != (device.site_id, device.id):
        raise RefusedCaptureError(announce.capture_id, "The announcement names another device than its topic.")
    _check_limits(batch, announce)
    known = batch.find(Capture, announce.capture_id)
    if known is None:
        _note_admission(batch, message, topic, announce)
    else:
        take_again(batch, topic.address, known, announce)


def take_again(batch: Batch, address: DeviceAddress, known: Capture, announce: Announce) -> None:
    """Compare a manifest with the capture that is there, and go on with it.

    Raises:
        RefusedCaptureError: it contradicts what was announced before, or the capture is another device's.
    """
    if known.device_id != announce.device:
        raise RefusedCaptureError(announce.capture_id, "Another device has announced a capture with this id.")
    _compare(known, announce)
    _continue(batch, address, known, announce)


def _note_admission(batch: Batch, message: Incoming, topic: UpTopic, announce: Announce) -> None:
    """Set a new capture aside for `admit`; the parts behind its announcement find it as if it were there."""
    capture = Capture(id=announce.capture_id, state=CaptureState.ANNOUNCED, **_columns(announce))
    batch.held[capture.id] = capture
    batch.admissions[capture.id] = Admission(message.topic, topic.address, announce, capture)
    _drop_unfit_arrivals(batch, capture)
    _expect_parts(batch, announce)


def _continue(batch: Batch, address: DeviceAddress, capture: Capture, announce: Announce) -> None:
    """Go on with a capture that was announced before: by what has become of it since."""
    if capture.state == CaptureState.REFUSED and announce.parts_follow:
        capture.state = CaptureState.ANNOUNCED  # a person at the device tries again
    if capture.state != CaptureState.ANNOUNCED:
        batch.receipts.settled(address, capture)
        return
    capture.part_size, capture.part_count = announce.part_size, announce.part_count
    drop_unfit_parts(batch, capture)
    _drop_unfit_arrivals(batch, capture)
    _expect_parts(batch, announce)


def _expect_parts(batch: Batch, announce: Announce) -> None:
    batch.touched.add(announce.capture_id)
    if not announce.parts_follow:
        batch.asked.add(announce.capture_id)


def _check_limits(batch: Batch, announce: Announce) -> None:
    settings = batch.settings
    limits = (
        (announce.byte_size, settings.capture_max_bytes, "bytes"),
        (announce.width * announce.height, settings.capture_max_pixels, "pixels"),
        (announce.part_count, settings.max_part_count, "parts"),
        (announce.part_size, settings.capture_max_bytes, "bytes a part"),
        (announce.sequence, _LARGEST_SEQUENCE, "as its sequence"),
    )
    for found, largest, what in limits:
        if found > largest:
            raise RefusedCaptureError(
                announce.capture_id, f"The capture has {found:,} {what}; {largest:,} is the most."
            )
    if "\\u0000" in announce.model_dump_json():
        raise RefusedCaptureError(announce.capture_id, "The announcement holds a NUL character, which no name has.")


def _compare(capture: Capture, announce: Announce) -> None:
    """Refuse a manifest that differs from the one in the database, but for how the bytes travel and how soon."""
    columns = _columns(announce)
    different = [name for name, value in columns.items() if name not in _CHANGEABLE and getattr(capture, name) != value]
    if different:
        raise RefusedCaptureError(
            announce.capture_id,
            f"The capture was announced before with another {', '.join(different)}; what stands is never changed.",
        )


def drop_unfit_parts(batch: Batch, capture: Capture) -> None:
    """Forget staged parts that do not fit the capture's plan or came from another device; they are asked for again."""
    plan = plan_of(capture)
    rows = batch.session.scalars(select(StagedPart).where(StagedPart.capture_id == capture.id)).all()
    misfits = [
        row.part_index
        for row in rows
        if row.device_id != capture.device_id
        or row.part_count != plan.count
        or not row.part_index < plan.count
        or row.byte_size != plan.length(row.part_index)
    ]
    if misfits:
        batch.session.execute(
            delete(StagedPart).where(StagedPart.capture_id == capture.id, StagedPart.part_index.in_(misfits))
        )


def _drop_unfit_arrivals(batch: Batch, capture: Capture) -> None:
    """As `drop_unfit_parts`, for those that came in this batch before the announcement."""
    plan = plan_of(capture)
    pending = [part for (capture_id, _), part in batch.parts.items() if capture_id == capture.id]
    for part in pending:
        index = part.bytes.index
        fits = part.count == plan.count and index < plan.count and len(part.bytes.data) == plan.length(index)
        if not fits or part.device_id != capture.device_id:
            del batch.parts[capture.id, index]


def _columns(announce: Announce) -> dict[str, Any]:
    return {
        "site_id": announce.site,
        "device_id": announce.device,
        "outbox_id": announce.outbox_id,
        "sequence": announce.sequence,
        "sha256": announce.sha256,
        "original_sha256": announce.original_sha256,
        "byte_size": announce.byte_size,
        "media_type": announce.media_type,
        "width": announce.width,
        "height": announce.height,
        "part_size": announce.part_size,
        "part_count": announce.part_count,
        "case_pseudonym": announce.case,
        "specimen": announce.specimen,
        "smear": announce.smear,
        "stain": announce.stain,
        "micrometres_per_pixel": announce.micrometres_per_pixel,
        "quality": announce.quality.model_dump(mode="json"),
        "priority": announce.priority,
        "captured_at": announce.captured_at,
    }


def _capture_id_in(payload: bytes) -> UUID | None:
    """The capture that a manifest talks of, though it cannot be read as a whole."""
    try:
        return UUID(json.loads(payload)["capture_id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
