"""What one transaction of ingest works on: messages in, and what is to be said once it is committed."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ScalarResult, select
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore, PartBytes
from cloud_service.config import Settings
from cloud_service.models import Base, Capture, Device, now
from shared.errors import ProtocolError
from shared.messages import Ack, Announce, Receipt, ReceiptOutcome
from shared.topics import DeviceAddress
from shared.vocabulary import CaptureState

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as the broker delivered it; `retained` where it is the broker's memory and no news."""

    topic: str
    payload: bytes
    properties: tuple[tuple[str, str], ...] = ()
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish at QoS 1, not retained."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ArrivedPart:
    """A part that was checked and goes to the staging area when the batch is finished."""

    device_id: str
    count: int
    crc32: int
    bytes: PartBytes


@dataclass(frozen=True, slots=True)
class Admission:
    """A capture that was announced for the first time; it gets its row when the batch is finished."""

    topic: str
    address: DeviceAddress
    announce: Announce
    capture: Capture  # as its row will be; the session does not know it


class RefusedCaptureError(ProtocolError):
    """A message is refused, and the device is to know that its capture cannot go on like this."""

    def __init__(self, capture_id: UUID, reason: str) -> None:
        super().__init__(reason)
        self.capture_id = capture_id


class Receipts:
    """The receipts that a batch owes: one a capture, the last word counts, missing parts add up."""

    def __init__(self) -> None:
        self._final: dict[UUID, tuple[DeviceAddress, Receipt]] = {}
        self._missing: dict[UUID, tuple[DeviceAddress, set[int]]] = {}

    def stored(self, address: DeviceAddress, capture: Capture) -> None:
        """Say that the capture is durable under its digest; only for what is committed, or will be with this batch."""
        receipt = Receipt(v=1, capture_id=capture.id, outcome=ReceiptOutcome.STORED, sha256=capture.sha256)
        self._final[capture.id] = (address, receipt)

    def refused(self, address: DeviceAddress, capture_id: UUID, reason: str) -> None:
        """Say that the capture cannot be taken, and why."""
        receipt = Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.REFUSED, reason=reason[:2000])
        self._final[capture_id] = (address, receipt)

    def missing(self, address: DeviceAddress, capture_id: UUID, indexes: Iterable[int]) -> None:
        """Ask for parts."""
        self._missing.setdefault(capture_id, (address, set()))[1].update(indexes)

    def settled(self, address: DeviceAddress, capture: Capture) -> None:
        """Answer for a capture that is no longer on its way."""
        if capture.state == CaptureState.REFUSED:
            self.refused(address, capture.id, capture.reason or "The capture was refused.")
        else:
            self.stored(address, capture)

    def messages(self) -> list[Outgoing]:
        """All receipts, ready to publish."""
        asking = {
            capture_id: (
                address,
                Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.MISSING, missing=tuple(sorted(indexes))),
            )
            for capture_id, (address, indexes) in self._missing.items()
            if indexes
        }
        answers = asking | self._final
        return [Outgoing(address.receipt(id_), receipt.encode()) for id_, (address, receipt) in answers.items()]


@dataclass(slots=True)
class Batch:
    """One transaction's work. Rows are found through the session; what goes to the staging area is collected first."""

    session: Session
    blob_store: BlobStore
    settings: Settings
    at: datetime = field(default_factory=now)
    admissions: dict[UUID, Admission] = field(default_factory=dict)
    parts: dict[tuple[UUID, int], ArrivedPart] = field(default_factory=dict)
    acks: list[tuple[str, str, Ack]] = field(default_factory=list)  # with topic and device
    touched: set[UUID] = field(default_factory=set)  # captures whose parts may all be there now
    asked: set[UUID] = field(default_factory=set)  # captures whose device wants to know what is missing
    born_devices: set[str] = field(default_factory=set)  # devices that have come back
    told_devices: set[str] = field(default_factory=set)  # devices whose state people see otherwise now
    receipts: Receipts = field(default_factory=Receipts)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    early: dict[str, tuple[int, int]] = field(default_factory=dict)  # a device's parts without announce: count, bytes
    changed: bool = False  # events or deliveries were written
    # The session forgets rows that nobody holds, and would ask the database again for each of a thousand parts.
    held: dict[object, Base | None] = field(default_factory=dict)  # by key; None: there is none

    def look_up(self, table: type[Capture] | type[Device], keys: Collection[UUID | str]) -> None:
        """Ask the database for rows that `find` will be asked for, once for all of them."""
        if not keys:
            return
        rows: ScalarResult[Capture | Device] = self.session.scalars(select(table).where(table.id.in_(keys)))
        self.held.update(dict.fromkeys(keys))
        self.held.update({row.id: row for row in rows})

    def find(self, table: type[Row], key: str | UUID) -> Row | None:
        """A row by its key; asked of the database once a batch, and of the session too: that costs more than a look."""
        if key not in self.held:
            self.held[key] = self.session.get(table, key)
        held = self.held[key]
        return held if isinstance(held, table) else None

    def sender(self, address: DeviceAddress) -> Device:
        """The enrolled device behind a topic.

        Raises:
            ProtocolError: it is not enrolled, shut out, or belongs to another site.
        """
        device = self.find(Device, address.device)
        if device is None:
            raise ProtocolError("The device is not enrolled; enrol it with `smearflow device add`.")
        if device.disabled_at is not None:
            raise ProtocolError("The device is shut out; `smearflow device add` lets it in again.")
        if device.site_id != address.site:
            raise ProtocolError("The device is enrolled for another site; enrol it for this one under a new id.")
        return device


def address_of(capture: Capture) -> DeviceAddress:
    """Where a capture's device listens: from the capture's own row, never from a payload."""
    return DeviceAddress(capture.site_id, capture.device_id)
