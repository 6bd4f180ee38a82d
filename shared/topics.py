"""MQTT topics: the only place that builds or parses one, and the access rules that follow from them.

smearflow/v1/{site}/{device}/up/{kind}[/...]      from a device to the cloud
smearflow/v1/{site}/{device}/down/{kind}[/...]    from the cloud to a device
smearflow/v1/cloud/{replica}/state                retained: an ingest replica is there (DESIGN section 4)
"""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.errors import ProtocolError

ROOT = "smearflow/v1"
CLOUD = "cloud"
"""Stands where a site id stands; no site may have this name."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UpKind(StrEnum):
    """What a device publishes."""

    STATUS = "status"
    ANNOUNCE = "announce"
    PART = "part"
    ACK = "ack"


class DownKind(StrEnum):
    """What the cloud publishes to a device."""

    RECEIPT = "receipt"
    RESULT = "result"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """A device within its site; the root of all its topics."""

    site: str
    device: str

    def __post_init__(self) -> None:
        """Refuse ids that would change the shape of a topic."""
        for name, value in (("site", self.site), ("device", self.device)):
            if not _ID.fullmatch(value):
                raise ProtocolError(f"The {name} id {value!r} must be 1 to 64 of the characters A-Z a-z 0-9 _ -.")
        if self.site == CLOUD:
            raise ProtocolError(f"No site may be called {CLOUD!r}: the cloud's own topics stand there.")

    def status(self) -> str:
        """Retained birth and last will of the device."""
        return self._up(UpKind.STATUS)

    def announce(self) -> str:
        """Manifests of captures."""
        return self._up(UpKind.ANNOUNCE)

    def part(self, capture_id: UUID, index: int) -> str:
        """Bytes of one part; `index` counts from 0."""
        return f"{self._up(UpKind.PART)}/{capture_id}/{index}"

    def ack(self, capture_id: UUID) -> str:
        """The workstation has shown this capture's result."""
        return f"{self._up(UpKind.ACK)}/{capture_id}"

    def receipt(self, capture_id: UUID) -> str:
        """The cloud's word on a capture: stored, missing parts, or refused."""
        return f"{self._down(DownKind.RECEIPT)}/{capture_id}"

    def result(self, capture_id: UUID) -> str:
        """A prediction or a signed diagnosis."""
        return f"{self._down(DownKind.RESULT)}/{capture_id}"

    def command(self) -> str:
        """Pause, resume, re-announce, reload."""
        return self._down(DownKind.COMMAND)

    def all_down(self) -> str:
        """The filter for everything the cloud sends to this device."""
        return f"{ROOT}/{self.site}/{self.device}/down/#"

    def _up(self, kind: UpKind) -> str:
        return f"{ROOT}/{self.site}/{self.device}/up/{kind}"

    def _down(self, kind: DownKind) -> str:
        return f"{ROOT}/{self.site}/{self.device}/down/{kind}"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A parsed topic from a device; `capture_id` and `index` are there where the kind has them."""

    address: DeviceAddress
    kind: UpKind
    capture_id: UUID | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class DownTopic:
    """A parsed topic to a device; `capture_id` is there for receipts and results."""

    address: DeviceAddress
    kind: DownKind
    capture_id: UUID | None = None


def parse_up(topic: str) -> UpTopic:
    """Parse a topic that a device published on.

    Raises:
        ProtocolError: the topic is none that PROTOCOL.md lists.
    """
    address, kind_name, rest = _split(topic, "up")
    match kind_name, rest:
        case ((UpKind.STATUS | UpKind.ANNOUNCE), []):
            return UpTopic(address, UpKind(kind_name))
        case UpKind.PART, [capture, index] if index.isascii() and index.isdigit():
            return UpTopic(address, UpKind.PART, _capture_id(topic, capture), int(index))
        case UpKind.ACK, [capture]:
            return UpTopic(address, UpKind.ACK, _capture_id(topic, capture))
    raise ProtocolError(f"Topic {topic!r} is none of the protocol's.")


def parse_down(topic: str) -> DownTopic:
    """Parse a topic that the cloud published on.

    Raises:
        ProtocolError: the topic is none that PROTOCOL.md lists.
    """
    address, kind_name, rest = _split(topic, "down")
    match kind_name, rest:
        case DownKind.COMMAND, []:
            return DownTopic(address, DownKind.COMMAND)
        case ((DownKind.RECEIPT | DownKind.RESULT), [capture]):
            return DownTopic(address, DownKind(kind_name), _capture_id(topic, capture))
    raise ProtocolError(f"Topic {topic!r} is none of the protocol's.")


def cloud_state(replica: str) -> str:
    """The retained state of one ingest replica, with its last will on the same topic."""
    return f"{ROOT}/{CLOUD}/{replica}/state"


def all_cloud_states() -> str:
    """The filter for the states of all ingest replicas."""
    return f"{ROOT}/{CLOUD}/+/state"


def all_up(site: str | None = None) -> str:
    """The filter for everything that devices send: of one site, or of all."""
    return f"{ROOT}/{site or '+'}/+/up/#"


def shard_of(site: str, shard_count: int) -> int:
    """Which of `shard_count` ingest replicas serves a site: CRC-32 of its id, modulo the count."""
    return zlib.crc32(site.encode()) % shard_count


class Access(StrEnum):
    """Kinds of broker access, as Mosquitto's dynamic security plugin calls them."""

    PUBLISH = "publishClientSend"
    RECEIVE = "publishClientReceive"
    SUBSCRIBE = "subscribePattern"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One permission of a broker role; whatever no rule grants is denied."""

    access: Access
    topic_filter: str


def device_rules(address: DeviceAddress) -> tuple[AccessRule, ...]:
    """What one device may do at the broker: send its own up topics, read its own down topics and the cloud's states."""
    return (
        AccessRule(Access.PUBLISH, f"{ROOT}/{address.site}/{address.device}/up/#"),
        *_reading(address.all_down()),
        *_reading(all_cloud_states()),
    )


def ingest_rules(replica: str) -> tuple[AccessRule, ...]:
    """What an ingest replica may do: read every up topic, send every down topic and its own state."""
    return (
        *_reading(all_up()),
        AccessRule(Access.PUBLISH, f"{ROOT}/+/+/down/#"),
        AccessRule(Access.PUBLISH, cloud_state(replica)),
    )


def _reading(topic_filter: str) -> tuple[AccessRule, AccessRule]:
    return AccessRule(Access.SUBSCRIBE, topic_filter), AccessRule(Access.RECEIVE, topic_filter)


def _split(topic: str, direction: str) -> tuple[DeviceAddress, str, list[str]]:
    match topic.split("/"):
        case ["smearflow", "v1", site, device, found, kind, *rest] if found == direction:
            return DeviceAddress(site, device), kind, rest
    raise ProtocolError(f"Topic {topic!r} is none of the protocol's.")


def _capture_id(topic: str, text: str) -> UUID:
    try:
        capture_id = UUID(text)
    except ValueError:
        capture_id = None
    if capture_id is None or str(capture_id) != text:
        raise ProtocolError(f"Topic {topic!r} does not name a capture by a UUID in its usual form.")
    return capture_id
