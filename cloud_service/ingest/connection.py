"""One connection to the broker. Its callbacks only put what happened into the inbox; the main thread does the rest.

A connection is never used again once it is lost: the next one is a new object. So an acknowledgement that comes late
can only go to the connection that delivered its message, never to another one with the same number on the next.
"""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud_service.config import Settings
from cloud_service.ingest.batch import Incoming, Outgoing

KEEPALIVE_SECONDS = 20
_FAREWELL_SECONDS = 2.0
SESSION_SECONDS = 7 * 24 * 3600
"""How long the broker keeps what came while ingest was away (MQTT 5, 3.1.2.11.2)."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has let us in."""

    connection: "Connection"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker has answered a subscription; `refused` says why not, where it did not grant it."""

    connection: "Connection"
    refused: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is over."""

    connection: "Connection"
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message, to be acknowledged on the connection that brought it."""

    connection: "Connection"
    message: Incoming
    number: int
    qos: int

    def acknowledge(self) -> None:
        """Send the PUBACK. Where the connection is lost, the broker delivers the message again: harmless."""
        self.connection.acknowledge(self.number, self.qos)


@dataclass(frozen=True, slots=True)
class Woken:
    """There may be results to deliver."""


Happening = Connected | Subscribed | Lost | Arrived | Woken
Inbox = SimpleQueue[Happening]


class Connection:
    """A connection with the replica's stable client id and its session, and with the state `will` as last will.

    Raises:
        OSError: the broker cannot be reached.
    """

    def __init__(self, settings: Settings, inbox: Inbox, will: Outgoing) -> None:
        self._inbox = inbox
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.broker_username,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client.username_pw_set(settings.broker_username, settings.broker_password.get_secret_value() or None)
        if settings.broker_ca_file is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=str(settings.broker_ca_file)))
        self._client.will_set(will.topic, will.payload, qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.connect(
            settings.broker_host,
            settings.broker_port,
            keepalive=KEEPALIVE_SECONDS,
            clean_start=False,
            properties=_session_properties(settings.ingest_inflight),
        )
        self._client.loop_start()

    def subscribe(self, topic_filters: Sequence[str]) -> None:
        """Ask for topics at QoS 1; `Subscribed` tells the answer."""
        self._client.subscribe([(topic_filter, SubscribeOptions(qos=1)) for topic_filter in topic_filters])

    def publish(self, message: Outgoing, *, retain: bool = False) -> bool:
        """Hand a message to the client at QoS 1; False where the connection is lost, so that it never leaves."""
        sent = self._client.publish(message.topic, message.payload, qos=1, retain=retain)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Give topics up that an earlier division of the sites has left in the session."""
        self._client.unsubscribe(list(topic_filters))

    def acknowledge(self, number: int, qos: int) -> None:
        """Send the PUBACK for a message of this connection; nothing at QoS 0."""
        self._client.ack(number, qos)

    def close(self, farewell: Outgoing | None = None) -> None:
        """End the connection, after a last retained message; its session stays at the broker, its will is not sent."""
        if farewell is not None:
            with suppress(RuntimeError, ValueError):  # what paho raises where the connection is lost already
                self._client.publish(farewell.topic, farewell.payload, qos=1, retain=True).wait_for_publish(
                    _FAREWELL_SECONDS
                )
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object) -> None:
        self._inbox.put(Lost(self, f"refused: {reason}") if reason.is_failure else Connected(self))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _p: object
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self._inbox.put(Subscribed(self, refused[0] if refused else None))

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object
    ) -> None:
        self._inbox.put(Lost(self, str(reason)))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        properties = tuple(getattr(message.properties, "UserProperty", ()))
        incoming = Incoming(_topic_of(message), bytes(message.payload), properties, message.retain)
        self._inbox.put(Arrived(self, incoming, message.mid, message.qos))


def _topic_of(message: mqtt.MQTTMessage) -> str:
    """The topic; one that is no UTF-8 must not raise here, where it would end the network thread."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return "(a topic that is no text)"


def _session_properties(inflight: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho types it so
    properties.SessionExpiryInterval = SESSION_SECONDS
    properties.ReceiveMaximum = inflight
    return properties
