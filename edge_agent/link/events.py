"""What happens on the line, as events for the sender, and how the line stands, as `status` shows it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edge_agent.link.flight import BrokerRefusal


class LinkProblem(StrEnum):
    """Why there is no connection, in words for the technician; each says what to do."""

    BAD_CREDENTIALS = "the broker does not accept this device's name and password: enrol it again"
    NOT_ALLOWED = "the broker knows this device but does not let it in: ask the administrator"
    NO_SUBSCRIPTION = "the broker does not let this device read its own topics: have the device's rights checked"
    TAKEN_OVER = "another connection took this device's name: is another agent running with the same settings?"
    UNREACHABLE = "the broker cannot be reached: check the network, and broker.host and broker.port"
    UNTRUSTED = "the broker's certificate is not trusted: check broker.ca_file and this machine's clock"
    SILENT = "the broker took the connection but does not answer"
    LOST = "the connection was lost"
    REFUSED = "the broker refused the connection"
    OUTBOX = "the outbox cannot be written: is the disk full?"
    LIMITS = "the broker's limits are too tight: raise its max_packet_size"

    @property
    def needs_a_person(self) -> bool:
        """Trying again soon will not help; try seldom, so that no log fills and no account is locked."""
        return self in _FOR_A_PERSON


_FOR_A_PERSON = frozenset(
    {
        LinkProblem.BAD_CREDENTIALS,
        LinkProblem.NOT_ALLOWED,
        LinkProblem.NO_SUBSCRIPTION,
        LinkProblem.UNTRUSTED,
        LinkProblem.TAKEN_OVER,
        LinkProblem.LIMITS,
    }
)


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK, with what the broker allows (MQTT 5, 3.2.2.3); None where it names no limit."""

    maximum_packet_size: int | None
    receive_maximum: int | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """SUBACK for all subscriptions."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is over, or never came about."""

    problem: LinkProblem
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """PUBACK for the message that the broker calls `message_id`."""

    message_id: int
    refusal: BrokerRefusal | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from the broker."""

    topic: str
    payload: bytes


LinkEvent = Connected | Subscribed | Disconnected | Published | Arrived


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the line stands.

    Attributes:
        problem: why it is down; None while it is up, or being tried for the first time.
        cloud_online: the ingest replica that serves this site is there.
    """

    connected: bool
    since: datetime
    cloud_online: bool = False
    paused: bool = False
    problem: LinkProblem | None = None
    detail: str = ""
