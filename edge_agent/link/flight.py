"""One capture on its way over the line: how far it has come, and its next message."""

import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from edge_agent.outbox.records import OutboxEntry
from edge_agent.outbox.spool import Spool
from shared.parts import DEFAULT_PART_SIZE, Part, PartPlan
from shared.topics import DeviceAddress

_HEADER_ROOM = 64  # bytes of an MQTT packet beside topic, properties and payload, with room to spare


@dataclass(frozen=True, slots=True)
class Pace:
    """How much may be under way.

    Attributes:
        part_size: bytes.
        window: messages published and not yet acknowledged.
        receipt_seconds: how long the first receipt is waited for.
    """

    part_size: int = DEFAULT_PART_SIZE
    window: int = 16
    receipt_seconds: float = 10.0


class BrokerRefusal(StrEnum):
    """Why the broker did not pass a message on (reason codes of PUBACK, MQTT 5 section 3.4.2.1)."""

    NOBODY_LISTENS = "nobody is subscribed to it: the cloud's ingest is away"
    DENIED = "the broker does not allow this device to send it: have the device's rights checked"
    TOO_LARGE = "it is too large for the broker: lower sending.part_size, or raise the broker's limit"
    OTHER = "the broker refused it"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish with QoS 1; `token` comes back with its PUBACK."""

    token: int
    topic: str
    payload: bytes
    properties: tuple[tuple[str, str], ...] = ()
    retain: bool = False

    @property
    def packet_bound(self) -> int:
        """The most bytes that this message takes as an MQTT packet."""
        properties = sum(len(name) + len(value) + 5 for name, value in self.properties)
        return len(self.topic.encode()) + len(self.payload) + properties + _HEADER_ROOM


class Phase(Enum):
    """How far a capture under way has come."""

    ANNOUNCE = auto()  # its announce has yet to go
    ASKED = auto()  # announced alone: the receipt says what is missing
    SENDING = auto()  # parts are to be sent, or unacknowledged
    AWAITING = auto()  # all is acknowledged; the receipt is awaited


@dataclass(slots=True)
class Flight:
    """One capture under way on the present connection.

    Attributes:
        todo: parts that have yet to be published, in this order.
        unacknowledged: tokens of its messages whose PUBACK is awaited.
        asks: how often its receipt was overdue.
        deadline: monotonic seconds; when its receipt is overdue.
    """

    entry: OutboxEntry
    plan: PartPlan
    phase: Phase = Phase.ANNOUNCE
    todo: deque[int] = field(default_factory=deque)
    unacknowledged: set[int] = field(default_factory=set)
    asks: int = 0
    deadline: float | None = None

    def next_message(self, address: DeviceAddress, spool: Spool) -> Outgoing:
        """Its next message, with token 0; only while its phase is ANNOUNCE or `todo` holds parts.

        Raises:
            OSError: its bytes cannot be read.
        """
        if self.phase is Phase.ANNOUNCE:
            return self._announce(address)
        capture_id, index = self.entry.capture_id, self.todo.popleft()
        data = spool.read(capture_id, self.plan.span(index))
        part = Part(index, self.plan.count, zlib.crc32(data), data)
        return Outgoing(0, address.part(capture_id, index), data, tuple(part.properties))

    def _announce(self, address: DeviceAddress) -> Outgoing:
        first = not self.entry.announced and self.asks == 0
        self.phase = Phase.SENDING if first else Phase.ASKED
        self.todo = deque(range(self.plan.count)) if first else deque()
        return Outgoing(0, address.announce(), self.entry.announce(address, parts_follow=first).encode())
