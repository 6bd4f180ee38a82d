"""An MQTT 5 client for tests that tells what the broker answered, and keeps what came."""

import queue
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.waiting import PATIENCE


class MqttClient:
    """Connected inside a `with` block; every call waits for the broker's answer and returns its reason code.

    Args:
        port: of a broker on loopback.
        username: also the client id, unless `client_id` says otherwise.
        will: topic and payload of a retained last will.
    """

    def __init__(
        self,
        port: int,
        username: str | None = None,
        password: str | None = None,
        *,
        client_id: str | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.connected: ReasonCode | None = None
        self.messages: queue.SimpleQueue[mqtt.MQTTMessage] = queue.SimpleQueue()
        self.lost: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        self._port = port
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or username or "",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if username is not None:
            self._client.username_pw_set(username, password)
        if will is not None:
            self._client.will_set(*will, qos=1, retain=True)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(reason)
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answers.put(reasons[0])
        self._client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.put(reason)
        self._client.on_disconnect = lambda _c, _u, _f, reason, _p: self.lost.put(reason)
        self._client.on_message = lambda _c, _u, message: self.messages.put(message)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self.connected = self._answers.get(timeout=PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        del self._client  # its last sockets are closed with it, which the garbage collector might do in the wrong order

    def subscribe(self, topic_filter: str) -> ReasonCode:
        self._client.subscribe(topic_filter, qos=1)
        return self._answers.get(timeout=PATIENCE)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Sequence[tuple[str, str]] = ()
    ) -> ReasonCode:
        self.send(topic, payload, retain=retain, properties=properties)
        return self._answers.get(timeout=PATIENCE)

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Publish and do not wait; the answer is the next one that `answer` returns."""
        packed = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho types it so
        if properties:
            packed.UserProperty = list(properties)
        self._client.publish(topic, payload, qos=1, retain=retain, properties=packed)

    def answer(self) -> ReasonCode:
        return self._answers.get(timeout=PATIENCE)

    def next(self, timeout: float = PATIENCE) -> Any:
        """The next message that came; raises queue.Empty."""
        return self.messages.get(timeout=timeout)
