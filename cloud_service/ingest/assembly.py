"""From parts to a stored capture: assembled, decoded once, kept under its digest; then committed with its job."""

import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore, DigestMismatchError, PartBytes
from cloud_service.captures.custody import stamp
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.delivery.events import record_capture_events
from cloud_service.inference.handing_over import handed_over
from cloud_service.inference.jobs import add_jobs
from cloud_service.ingest.batch import Receipts, address_of
from cloud_service.ingest.decoding import DecodedImage, Decoder
from cloud_service.models import Capture, StagedPart, now
from shared.errors import UnreadableImageError
from shared.identifiers import sha256_of_bytes
from shared.imaging.preprocess import PreprocessSpec
from shared.vocabulary import CaptureState, CustodyStage

if TYPE_CHECKING:
    from concurrent.futures import Future


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes are durable in the blob store under the announced digest; `pixels` may be staged for the worker."""

    capture_id: UUID
    pixels: PartBytes | None = None


@dataclass(frozen=True, slots=True)
class PartsLost:
    """The staging area does not hold these parts as they arrived (a crash swallowed them): they are asked for again."""

    capture_id: UUID
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """All parts are as they arrived, and yet not what was announced. The device may send it all once more."""

    capture_id: UUID
    found_sha256: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The bytes are what was announced, and no image that Smearflow reads."""

    capture_id: UUID
    reason: str


Verdict = Stored | PartsLost | Altered | Unreadable


@dataclass(frozen=True, slots=True)
class Arrived:
    """Where the bytes of complete captures are: at hand, or in the staging area, with each part's CRC-32 as it came."""

    whole: Mapping[UUID, bytes]
    checksums: Mapping[UUID, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A capture that is put together, and whose decoding is under way."""

    capture: Capture
    data: bytes
    decoded: "Future[DecodedImage]"


def assemble(captures: Sequence[Capture], arrived: Arrived, blobs: BlobStore, decoder: Decoder) -> Iterator[Verdict]:
    """Put captures together and keep those that are good. While one is written to disk, the next ones are decoded.

    Args:
        captures: each with all its parts.
        arrived: where their bytes are.
        blobs: where parts come from and captures go to.
        decoder: judges the bytes.

    Raises:
        TransientError: the blob store is away; what was kept so far may be kept again.
    """
    begun: deque[_Begun] = deque()
    for capture in captures:
        data = _join(capture, arrived, blobs)
        begun.append(_Begun(capture, data, decoder.start(data)))
        if len(begun) > len(decoder.children):
            yield _finish(begun.popleft(), arrived, blobs, decoder.spec)
    while begun:
        yield _finish(begun.popleft(), arrived, blobs, decoder.spec)


def settle(session: Session, verdicts: Sequence[Verdict], receipts: Receipts) -> bool:
    """Write down what became of captures, all in this transaction; what it owes their devices goes to `receipts`.

    Returns:
        Whether a job was added. False also where another replica has settled the captures meanwhile.
    """
    at, stored, refused = now(), [], []
    captures = _locked(session, [verdict.capture_id for verdict in verdicts])
    for verdict in verdicts:
        capture = captures[verdict.capture_id]
        if capture.state != CaptureState.ANNOUNCED:
            receipts.settled(address_of(capture), capture)
            continue
        match verdict:
            case PartsLost(indexes=indexes):
                _forget_parts(session, [capture.id], indexes)
                receipts.missing(address_of(capture), capture.id, indexes)
            case Altered(found_sha256=found):
                # Its state stays: the device may send it once more.
                capture.reason = (
                    f"Arrived altered: the SHA-256 is {found}, announced was {capture.sha256}; send it again."
                )
                refused.append(capture)
            case Unreadable(reason=reason):
                capture.state, capture.reason = CaptureState.REFUSED, f"The image cannot be used: {reason}."[:2000]
                refused.append(capture)
            case Stored():
                capture.state, capture.reason, capture.received_at = CaptureState.STORED, None, at
                stored.append(capture)
    _write(session, stored, refused, at)
    for capture in stored:
        receipts.stored(address_of(capture), capture)
    for capture in refused:
        receipts.refused(address_of(capture), capture.id, capture.reason or "")
    return bool(stored)


def _locked(session: Session, capture_ids: Sequence[UUID]) -> dict[UUID, Capture]:
    """The captures as they are now, kept from others until the commit; in one order, so that no two replicas block.

    A key share lock is left to rows that point to them, of one who holds a case that this transaction will wait for.
    """
    rows = select(Capture).where(Capture.id.in_(capture_ids)).order_by(Capture.id).with_for_update(key_share=True)
    return {capture.id: capture for capture in session.scalars(rows, execution_options={"populate_existing": True})}


def _write(session: Session, stored: Sequence[Capture], refused: Sequence[Capture], at: datetime) -> None:
    """What follows from the captures' new states; the events last, since all other writers of events wait for them."""
    if stored:
        stamp(session, [capture.id for capture in stored], {CustodyStage.RECEIVED: at})
        add_jobs(session, stored)
    told = [*stored, *(capture for capture in refused if capture.state == CaptureState.REFUSED)]
    if stored or refused:
        _forget_parts(session, [capture.id for capture in (*stored, *refused)])
    if told:
        record_capture_events(session, told, refresh_cases(session, stored))


def arrived_checksums(session: Session, captures: Sequence[Capture]) -> dict[UUID, dict[int, int]]:
    """The CRC-32 of each arrived part of these captures."""
    checksums: dict[UUID, dict[int, int]] = {capture.id: {} for capture in captures}
    rows = session.execute(
        select(StagedPart.capture_id, StagedPart.part_index, StagedPart.crc32).where(
            StagedPart.capture_id.in_(checksums)
        )
    )
    for capture_id, index, crc32 in rows:
        checksums[capture_id][index] = crc32
    return checksums


def _join(capture: Capture, arrived: Arrived, blobs: BlobStore) -> bytes:
    whole = arrived.whole.get(capture.id)
    if whole is not None:
        return whole
    parts = blobs.staged(capture.id, range(capture.part_count))
    return b"".join(parts[index] for index in sorted(parts))


def _finish(begun: _Begun, arrived: Arrived, blobs: BlobStore, spec: PreprocessSpec | None) -> Verdict:
    capture = begun.capture
    try:
        image = begun.decoded.result()
        _check_image(capture, image)
        blobs.put(capture.sha256, begun.data)  # works the digest out and compares: once is enough where all is well
    except (UnreadableImageError, DigestMismatchError) as error:
        return _fault_on_the_way(begun, arrived, blobs) or Unreadable(capture.id, str(error))
    pixels = handed_over(capture.sha256, spec, image.pixels) if spec and image.pixels else None
    return Stored(capture.id, pixels)


def _fault_on_the_way(begun: _Begun, arrived: Arrived, blobs: BlobStore) -> PartsLost | Altered | None:
    """Why these bytes are not those that were announced; None if they are."""
    capture, found = begun.capture, sha256_of_bytes(begun.data)
    if found == capture.sha256:
        return None
    checksums = arrived.checksums.get(capture.id, {})
    parts = blobs.staged(capture.id, list(checksums))
    lost = [index for index, crc32 in checksums.items() if index not in parts or zlib.crc32(parts[index]) != crc32]
    return PartsLost(capture.id, tuple(sorted(lost))) if lost else Altered(capture.id, found)


def _check_image(capture: Capture, image: DecodedImage) -> None:
    announced = DecodedImage(capture.media_type, capture.width, capture.height)
    if image != announced:
        raise UnreadableImageError(
            f"it is {image.media_type} of {image.width} x {image.height} pixels, announced was {announced.media_type}"
            f" of {announced.width} x {announced.height}",
        )


def _forget_parts(session: Session, capture_ids: Sequence[UUID], indexes: Sequence[int] | None = None) -> None:
    rows = delete(StagedPart).where(StagedPart.capture_id.in_(capture_ids))
    session.execute(rows if indexes is None else rows.where(StagedPart.part_index.in_(indexes)))
