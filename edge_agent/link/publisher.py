"""One MQTT 5 connection; the only module at the edge that knows the MQTT client.

Each connection gets a fresh client object with a clean start: the client library's own queue, which lives in memory
alone, holds nothing that the outbox does not. Callbacks come on the library's network thread, where an exception would
end that thread unseen; so they do nothing but hand an event on.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.config import BrokerSection
from edge_agent.link.events import Arrived, Connected, Disconnected, LinkEvent, LinkProblem, Published, Subscribed
from edge_agent.link.flight import BrokerRefusal, Outgoing
from shared.logs import get_logger

log = get_logger(__name__)

_QOS = 1
_CONNECT_SECONDS = 10.0
_GOODBYE_SECONDS = 2.0
_LONGEST_ID = 65_535  # MQTT's packet identifiers are 16 bits

# Reason codes of CONNACK, PUBACK and DISCONNECT (MQTT 5, section 2.4).
_NOBODY_LISTENS = 0x10
_BAD_USER_NAME_OR_PASSWORD = 0x86
_NOT_AUTHORIZED = 0x87
_BANNED = 0x8A
_SESSION_TAKEN_OVER = 0x8E
_PACKET_TOO_LARGE = 0x95
_CONNECT_PROBLEMS = {
    _BAD_USER_NAME_OR_PASSWORD: LinkProblem.BAD_CREDENTIALS,
    _NOT_AUTHORIZED: LinkProblem.BAD_CREDENTIALS,  # what Mosquitto says to a wrong password
    _BANNED: LinkProblem.NOT_ALLOWED,
    _SESSION_TAKEN_OVER: LinkProblem.TAKEN_OVER,
}
_PUBLISH_REFUSALS = {
    _NOBODY_LISTENS: BrokerRefusal.NOBODY_LISTENS,
    _NOT_AUTHORIZED: BrokerRefusal.DENIED,
    _PACKET_TOO_LARGE: BrokerRefusal.TOO_LARGE,
}


class Publisher:
    """One connection from its CONNECT to its end; never used for a second one.

    Args:
        broker: where to connect to, and how.
        device: the device id: user name and client id at once.
        password: of that user.
        will: the message that the broker publishes when the connection breaks.
        emit: takes the events, on any thread; it must neither block nor raise.
    """

    def __init__(
        self, *, broker: BrokerSection, device: str, password: str, will: Outgoing, emit: Callable[[LinkEvent], None]
    ) -> None:
        self._broker = broker
        self._emit = emit
        callbacks = _Callbacks(emit)
        self._ended = callbacks.ended
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=device,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(device, password)
        client.will_set(will.topic, will.payload, _QOS, will.retain)
        client.connect_timeout = _CONNECT_SECONDS
        client.max_inflight_messages_set(_LONGEST_ID)  # the courier's window is the limit
        client.on_connect = callbacks.on_connect
        client.on_disconnect = callbacks.on_disconnect
        client.on_subscribe = callbacks.on_subscribe
        client.on_publish = callbacks.on_publish
        client.on_message = callbacks.on_message
        self._client = client

    def connect(self) -> None:
        """Open the connection; what comes of it is told by events. Takes at most ten seconds or so."""
        try:
            if self._broker.ca_file is not None:
                self._client.tls_set_context(tls_context(self._broker))
            self._client.connect(
                self._broker.host, self._broker.port, keepalive=self._broker.keepalive_seconds, clean_start=True
            )
        except OSError as error:  # ssl.SSLError is one
            untrusted = isinstance(error, ssl.SSLCertVerificationError)
            self._emit(Disconnected(LinkProblem.UNTRUSTED if untrusted else LinkProblem.UNREACHABLE, str(error)))
        else:
            self._client.loop_start()

    def subscribe(self, topic_filters: Iterable[str]) -> None:
        """Subscribe to all of them in one packet; Subscribed follows, or Disconnected where one was refused."""
        self._client.subscribe([(topic_filter, SubscribeOptions(qos=_QOS)) for topic_filter in topic_filters])

    def publish(self, message: Outgoing) -> int:
        """Hand a message to the network thread; returns the id with which Published will come.

        On a line that is already gone nothing comes but the Disconnected that is under way anyhow.
        """
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # the library's
        if message.properties:
            properties.UserProperty = list(message.properties)
        return self._client.publish(message.topic, message.payload, _QOS, message.retain, properties).mid

    def close(self) -> None:
        """End the connection in order, without the will, and wait for the network thread; all its sockets are closed.

        The library closes the two with which it wakes its thread only in the client's finalizer. So the client goes
        here, by its last reference; in a circle of references it would wait for the garbage collector, which may
        finalize the sockets first, with a ResourceWarning.
        """
        self._client.disconnect()
        connection = self._client.socket()
        if isinstance(connection, socket.socket) and not self._ended.wait(_GOODBYE_SECONDS):
            with suppress(OSError):  # closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)  # a dead line never takes the DISCONNECT
        with suppress(AttributeError):  # the thread ended between the library's look for it and its join
            self._client.loop_stop()
        del self._client


class _Callbacks:
    """What the library's network thread calls.

    Apart from the publisher, since the client holds them: it must not be part of a circle (see `Publisher.close`).
    """

    def __init__(self, emit: Callable[[LinkEvent], None]) -> None:
        self._emit = emit
        self.ended = threading.Event()

    def on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """CONNACK came."""
        if reason.is_failure:
            self._emit(Disconnected(_CONNECT_PROBLEMS.get(reason.value, LinkProblem.REFUSED), str(reason)))
        else:
            # Absent properties are absent attributes in this library.
            size = getattr(properties, "MaximumPacketSize", None)
            self._emit(Connected(size, getattr(properties, "ReceiveMaximum", None)))

    def on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """The connection is over."""
        self.ended.set()
        told = flags.is_disconnect_packet_from_server
        problem = _CONNECT_PROBLEMS.get(reason.value, LinkProblem.LOST) if told else LinkProblem.LOST
        self._emit(Disconnected(problem, str(reason)))

    def on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _message_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """SUBACK came."""
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._emit(Disconnected(LinkProblem.NO_SUBSCRIPTION, ", ".join(refused)))
        else:
            self._emit(Subscribed())

    def on_publish(
        self, _client: Client, _userdata: object, message_id: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        """PUBACK came."""
        refusal = _PUBLISH_REFUSALS.get(reason.value, BrokerRefusal.OTHER if reason.is_failure else None)
        self._emit(Published(message_id, refusal))

    def on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """A message came."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            log.exception("message dropped: its topic is no UTF-8, which the broker should never let pass")
        else:
            self._emit(Arrived(topic, bytes(message.payload)))


class _Closing(ssl.SSLSocket):
    """Closed where its handshake fails; the library drops such a socket open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as it is inherited
        """Shake hands.

        Raises:
            OSError: the other side cannot be trusted, is gone or speaks no TLS.
        """
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(broker: BrokerSection) -> ssl.SSLContext:
    """Trust `ca_file` alone, check the broker's name, show the device's certificate where it has one.

    Raises:
        OSError: a file cannot be read or is no certificate.
    """
    context = ssl.create_default_context(cafile=broker.ca_file)
    context.sslsocket_class = _Closing
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.client_certificate is not None:
        context.load_cert_chain(broker.client_certificate, broker.client_key)
    return context
