"""One simulated workstation: the MQTT library that real ones use, driven by an event loop that thousands share."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_service.bench.photographs import good_quality
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.messages import Ack, Announce, DeviceStatus, Receipt, ReceiptOutcome, Result
from shared.parts import DEFAULT_PART_SIZE, Part, PartPlan
from shared.topics import DeviceAddress, DownKind, parse_down
from shared.vocabulary import Presence

KEEPALIVE_SECONDS = 120
CROP_SIDE = 257
_COMMENT = b"\xff\xfe"  # JPEG's COM marker (ISO/IEC 10918-1, B.2.4.5)
_SOI_BYTES = 2


@dataclass
class Tally:
    """What all devices of one process have seen."""

    connected: int = 0
    refused: int = 0
    lost: int = 0
    sent: int = 0
    stored: int = 0
    turned_down: int = 0
    results: int = 0
    receipt_seconds: list[float] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)


class FleetDevice:
    """A device with an outbox in memory; all its methods are called in the event loop that it lives in.

    Args:
        address: who it is; enrolled at the broker and in the database.
        password: of its user.
        image: a JPEG of CROP_SIDE pixels square, which each capture alters.
        tally: where it counts.
        on_settled: called at each receipt that settles a capture.
    """

    def __init__(
        self, address: DeviceAddress, password: str, image: bytes, tally: Tally, on_settled: Callable[[], None]
    ) -> None:
        self._address, self._image, self._tally, self._on_settled = address, image, tally, on_settled
        self._outbox, self._session = uuid4(), uuid4()
        self._sequence = 0
        self._shown: set[UUID] = set()
        self._open: dict[UUID, tuple[str, float]] = {}  # capture → its digest, when it was sent
        self._loop = asyncio.get_running_loop()
        self.online = asyncio.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.device,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.username_pw_set(address.device, password)
        self._client.will_set(address.status(), self._status(Presence.OFFLINE), qos=1, retain=True)
        self._client.on_socket_open = self._watch
        self._client.on_socket_close = self._unwatch
        self._client.on_socket_register_write = self._await_writing
        self._client.on_socket_unregister_write = self._stop_writing
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def connect(self, port: int) -> None:
        """Begin to connect to the broker on loopback; `online` is set once the birth is out.

        Raises:
            OSError: the broker takes no more connections.
        """
        self._client.connect("127.0.0.1", port, keepalive=KEEPALIVE_SECONDS)

    def keep_alive(self) -> None:
        """Let the library send its ping where one is due; to be called a few times a minute."""
        self._client.loop_misc()

    def close(self) -> None:
        """End the connection as a workstation that is shut down."""
        self._client.on_disconnect = None
        self._client.disconnect()

    def send(self) -> None:
        """Announce the next capture, its parts right behind."""
        self._sequence += 1
        data = altered(self._image, f"{self._address.device} {self._sequence}")
        manifest = self._manifest(data)
        self._open[manifest.capture_id] = manifest.sha256, time.monotonic()
        self._tally.sent += 1
        self._client.publish(self._address.announce(), manifest.encode(), qos=1)
        for index in range(manifest.part_count):
            part = Part.cut(data, manifest.plan, index)
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho types it so
            properties.UserProperty = part.properties
            topic = self._address.part(manifest.capture_id, index)
            self._client.publish(topic, part.data, qos=1, properties=properties)

    def _manifest(self, data: bytes) -> Announce:
        digest, moment = sha256_of_bytes(data), datetime.now(UTC)
        return Announce(
            v=1,
            site=self._address.site,
            device=self._address.device,
            capture_id=new_capture_id(),
            outbox_id=self._outbox,
            sequence=self._sequence,
            sha256=digest,
            original_sha256=digest,
            byte_size=len(data),
            media_type="image/jpeg",
            width=CROP_SIDE,
            height=CROP_SIDE,
            part_size=DEFAULT_PART_SIZE,
            part_count=PartPlan(len(data), DEFAULT_PART_SIZE).count,
            case=self._outbox.hex,
            captured_at=moment,
            queued_at=moment,
            quality=good_quality(CROP_SIDE, CROP_SIDE),
            parts_follow=True,
        )

    def _status(self, state: Presence) -> bytes:
        status = DeviceStatus(
            v=1,
            site=self._address.site,
            device=self._address.device,
            state=state,
            session=self._session,
            agent_version="simulated",
            sent_at=datetime.now(UTC),
            outbox_depth=0,
            parked=0,
            free_disk_bytes=10**12,
        )
        return status.encode()

    def _watch(self, _client: mqtt.Client, _data: object, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(sock, self._client.loop_read)

    def _unwatch(self, _client: mqtt.Client, _data: object, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _await_writing(self, _client: mqtt.Client, _data: object, sock: Any) -> None:
        self._loop.add_writer(sock, self._client.loop_write)

    def _stop_writing(self, _client: mqtt.Client, _data: object, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_connect(self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object) -> None:
        if reason.is_failure:
            self._tally.refused += 1
            self._tally.reasons.add(str(reason))
        else:
            self._client.subscribe(self._address.all_down(), qos=1)

    def _on_subscribe(self, _c: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _p: object) -> None:
        if reasons[0].is_failure:
            self._tally.refused += 1
            self._tally.reasons.add(str(reasons[0]))
            return
        self._client.publish(self._address.status(), self._status(Presence.ONLINE), qos=1, retain=True)
        self._tally.connected += 1
        self.online.set()

    def _on_disconnect(self, _c: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object) -> None:
        self._tally.lost += 1
        self._tally.reasons.add(str(reason))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        match parse_down(message.topic).kind:
            case DownKind.RESULT:
                self._acknowledge(Result.decode(bytes(message.payload)))
            case DownKind.RECEIPT:
                self._settle(Receipt.decode(bytes(message.payload)))

    def _acknowledge(self, result: Result) -> None:
        """Say that a result was shown: until then it comes again and again."""
        self._tally.results += result.delivery_id not in self._shown
        self._shown.add(result.delivery_id)
        ack = Ack(v=1, capture_id=result.capture_id, delivery_id=result.delivery_id, shown_at=datetime.now(UTC))
        self._client.publish(self._address.ack(ack.capture_id), ack.encode(), qos=1)

    def _settle(self, receipt: Receipt) -> None:
        digest, sent_at = self._open.pop(receipt.capture_id, (None, 0.0))
        if receipt.outcome is ReceiptOutcome.STORED and receipt.sha256 == digest:
            self._tally.stored += 1
            self._tally.receipt_seconds.append(time.monotonic() - sent_at)
        elif digest is not None:
            self._tally.turned_down += 1
            self._tally.reasons.add(receipt.reason or str(receipt.outcome))
        self._on_settled()


def altered(jpeg: bytes, text: str) -> bytes:
    """The same picture as another file: with a comment behind its first marker."""
    comment = text.encode()
    length = (len(comment) + 2).to_bytes(2)
    return jpeg[:_SOI_BYTES] + _COMMENT + length + comment + jpeg[_SOI_BYTES:]
