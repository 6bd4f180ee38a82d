"""A small cloud for the edge's tests: speaks the real protocol over a real broker, keeps everything in memory.

Not the ingest: nothing here is durable. It checks what an ingest would check, and counts what arrives.
"""

import queue
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from shared.identifiers import sha256_of_bytes
from shared.messages import (
    Ack,
    Announce,
    CloudState,
    Command,
    CommandAction,
    DeviceStatus,
    Receipt,
    ReceiptOutcome,
    Result,
    ResultKind,
)
from shared.parts import Part
from shared.topics import DeviceAddress, UpKind, all_up, cloud_state, parse_up
from shared.vocabulary import Label, Presence


class ScriptedCloud:
    """Online inside a `with` block; what it holds outlives it, so that it can come back.

    Attributes:
        stored: payloads by capture.
        part_bytes: bytes of all parts that arrived, doubled ones included.
        mute: sends no receipts and no results while it is set.
        refuse: captures whose SHA-256 is here are refused with this reason.
    """

    def __init__(self, port: int) -> None:
        self.stored: dict[UUID, bytes] = {}
        self.announces: list[Announce] = []
        self.statuses: queue.SimpleQueue[DeviceStatus] = queue.SimpleQueue()
        self.acknowledged: queue.SimpleQueue[Ack] = queue.SimpleQueue()
        self.stored_now: queue.SimpleQueue[UUID] = queue.SimpleQueue()
        self.part_arrived: queue.SimpleQueue[UUID] = queue.SimpleQueue()
        self.parts_of: Counter[UUID] = Counter()
        self.part_bytes = 0
        self.refuse: dict[str, str] = {}
        self.mute = threading.Event()
        self._port = port
        self._parts: dict[UUID, dict[int, bytes]] = {}
        self._manifests: dict[UUID, Announce] = {}
        self._unshown: dict[UUID, Result] = {}
        self._sessions: set[UUID] = set()
        self._client: mqtt.Client | None = None

    def __enter__(self) -> Self:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ingest-0", protocol=MQTTProtocolVersion.MQTTv5)
        client.reconnect_delay_set(1, 1)
        client.will_set(cloud_state("ingest-0"), self._state(Presence.OFFLINE), 1, retain=True)
        client.on_connect = lambda client, *_: client.subscribe(all_up(), qos=1)
        client.on_subscribe = lambda client, *_: client.publish(
            cloud_state("ingest-0"), self._state(Presence.ONLINE), 1, retain=True
        )
        client.on_message = lambda _client, _userdata, message: self._take(message)
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        self._client = client
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._publish(cloud_state("ingest-0"), self._state(Presence.OFFLINE), retain=True).wait_for_publish(5)
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def command(self, address: DeviceAddress, action: CommandAction) -> None:
        command = Command(v=1, command_id=uuid4(), action=action, issued_at=datetime.now(UTC))
        self._publish(address.command(), command.encode())

    def send(self, topic: str, payload: bytes) -> None:
        """Anything, also what no honest cloud would send."""
        self._publish(topic, payload)

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> mqtt.MQTTMessageInfo:
        assert self._client is not None
        return self._client.publish(topic, payload, 1, retain)

    @staticmethod
    def _state(presence: Presence) -> bytes:
        return CloudState(v=1, state=presence, shard=0, shard_count=1, since=datetime.now(UTC)).encode()

    def _take(self, message: mqtt.MQTTMessage) -> None:
        topic, payload = parse_up(message.topic), bytes(message.payload)
        match topic.kind:
            case UpKind.STATUS:
                self._take_status(topic.address, DeviceStatus.decode(payload))
            case UpKind.ANNOUNCE:
                self._take_announce(topic.address, Announce.decode(payload))
            case UpKind.PART if topic.capture_id is not None and topic.index is not None:
                properties: Any = message.properties
                part = Part.received(topic.index, properties.UserProperty, payload)
                self._take_part(topic.address, topic.capture_id, part)
            case UpKind.ACK:
                ack = Ack.decode(payload)
                self._unshown.pop(ack.capture_id, None)
                self.acknowledged.put(ack)

    def _take_status(self, address: DeviceAddress, status: DeviceStatus) -> None:
        """At a birth, send what the device has not shown: it may have been killed between a receipt and its result."""
        if status.state is Presence.ONLINE and status.session not in self._sessions:
            self._sessions.add(status.session)
            for result in self._unshown.values():
                self._publish(address.result(result.capture_id), result.encode())
        self.statuses.put(status)

    def _take_announce(self, address: DeviceAddress, announce: Announce) -> None:
        self.announces.append(announce)
        capture_id = announce.capture_id
        if capture_id in self._manifests and self._manifests[capture_id].plan != announce.plan:
            self._parts.pop(capture_id, None)
        self._manifests[capture_id] = announce
        if reason := self.refuse.get(announce.sha256):
            self._answer(address, Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.REFUSED, reason=reason))
        elif capture_id in self.stored:
            self._confirm(address, announce)
        elif not announce.parts_follow:
            missing = announce.plan.missing(self._parts.get(capture_id, {}))
            if missing:
                outcome = ReceiptOutcome.MISSING
                self._answer(address, Receipt(v=1, capture_id=capture_id, outcome=outcome, missing=tuple(missing)))
            else:
                self._assemble(address, announce)

    def _take_part(self, address: DeviceAddress, capture_id: UUID, part: Part) -> None:
        self.part_bytes += len(part.data)
        self.parts_of[capture_id] += 1
        self._parts.setdefault(capture_id, {})[part.index] = part.data
        self.part_arrived.put(capture_id)
        announce = self._manifests[capture_id]
        if announce.sha256 in self.refuse:
            return
        if capture_id not in self.stored and not announce.plan.missing(self._parts[capture_id]):
            self._assemble(address, announce)

    def _assemble(self, address: DeviceAddress, announce: Announce) -> None:
        parts = self._parts[announce.capture_id]
        payload = b"".join(parts[index] for index in range(announce.part_count))
        assert sha256_of_bytes(payload) == announce.sha256
        self.stored[announce.capture_id] = payload
        self._confirm(address, announce)
        self.stored_now.put(announce.capture_id)

    def _confirm(self, address: DeviceAddress, announce: Announce) -> None:
        capture_id, sha256 = announce.capture_id, announce.sha256
        self._answer(address, Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.STORED, sha256=sha256))
        if not self.mute.is_set():
            result = self._unshown.setdefault(capture_id, self.prediction(announce))
            self._publish(address.result(capture_id), result.encode())

    def _answer(self, address: DeviceAddress, receipt: Receipt) -> None:
        if not self.mute.is_set():
            self._publish(address.receipt(receipt.capture_id), receipt.encode())

    @staticmethod
    def prediction(announce: Announce) -> Result:
        return Result(
            v=1,
            delivery_id=uuid4(),
            capture_id=announce.capture_id,
            sha256=announce.sha256,
            kind=ResultKind.PREDICTION,
            model_name="se-cnn",
            model_version="1",
            probability=0.93,
            label=Label.SUSPICIOUS,
            created_at=datetime.now(UTC),
        )
