"""One connection from the sender's side: birth, subscriptions, what goes out and what comes in."""

from collections.abc import Callable, Iterable
from typing import Protocol

from edge_agent.link.courier import Courier
from edge_agent.link.events import Arrived, Connected, Disconnected, LinkEvent, LinkProblem, Published, Subscribed
from edge_agent.link.flight import Outgoing
from edge_agent.link.inbox import Inbox
from shared.errors import ProtocolError
from shared.messages import DeviceStatus
from shared.topics import DeviceAddress, all_cloud_states
from shared.vocabulary import Presence

ANSWER_SECONDS = 15.0
"""Within this time the broker must have answered CONNECT and SUBSCRIBE."""

STATUS_SECONDS = 15.0
"""Changes of the device's status are gathered for so long before they are published."""


class Line(Protocol):
    """What a session needs of a connection (edge_agent.link.publisher.Publisher)."""

    def connect(self) -> None:
        """Open the connection; what comes of it is told by events."""

    def subscribe(self, topic_filters: Iterable[str]) -> None:
        """Subscribe to all of them; Subscribed or Disconnected follows."""

    def publish(self, message: Outgoing) -> int:
        """Publish with QoS 1; returns the id with which Published follows."""

    def close(self) -> None:
        """End the connection in order."""


class Session:
    """Leads one line through its life. Times are monotonic seconds.

    Args:
        status: makes the device's status message of this session.
    """

    def __init__(
        self,
        *,
        line: Line,
        courier: Courier,
        inbox: Inbox,
        address: DeviceAddress,
        status: Callable[[Presence], DeviceStatus],
        now: float,
    ) -> None:
        self._line = line
        self._courier = courier
        self._inbox = inbox
        self._address = address
        self._status = status
        self._tokens: dict[int, int] = {}
        self._limits: Connected | None = None
        self._answer_by: float | None = now + ANSWER_SECONDS
        self._last_status = now
        self._status_at: float | None = None

    @property
    def ready(self) -> bool:
        """Born: subscribed, and announced as online."""
        return self._answer_by is None

    def handle(self, event: LinkEvent, now: float) -> Disconnected | None:
        """Act on an event; returns why the connection is over, once it is."""
        match event:
            case Connected():
                self._limits = event
                self._line.subscribe((self._address.all_down(), all_cloud_states()))
            case Subscribed():
                return self._be_born(now)
            case Published(message_id, refusal):
                token = self._tokens.pop(message_id, None)
                if token is not None:
                    self._courier.puback(token, refusal, now)
            case Arrived(topic, payload):
                if self._inbox.take(topic, payload, now):
                    self._status_at = now
                else:
                    self.status_changed(now)
            case Disconnected():
                return event
        return None

    def pump(self, now: float) -> Disconnected | None:
        """Publish all that may go now; returns why the connection is given up, if it is."""
        if self._answer_by is not None:
            return Disconnected(LinkProblem.SILENT) if now >= self._answer_by else None
        if self._status_at is not None and now >= self._status_at:
            self._post_status(now)
        while (message := self._courier.next_send(now)) is not None:
            self._tokens[self._line.publish(message)] = message.token
        return None

    def status_changed(self, now: float) -> None:
        """What the status says may have changed: publish it again before long."""
        if self._status_at is None:
            self._status_at = max(now, self._last_status + STATUS_SECONDS)

    def wake_at(self) -> float | None:
        """When `pump` is to be called again though nothing happened."""
        times = (self._answer_by, self._status_at, self._courier.wake_at() if self.ready else None)
        return min((at for at in times if at is not None), default=None)

    def farewell(self) -> int | None:
        """Publish that the device goes away on purpose; returns the message's id, None on a line that is not ready."""
        if not self.ready:
            return None
        return self._line.publish(self.presence(Presence.OFFLINE))

    def presence(self, presence: Presence) -> Outgoing:
        """The retained status message."""
        return Outgoing(0, self._address.status(), self._status(presence).encode(), retain=True)

    def _be_born(self, now: float) -> Disconnected | None:
        limits = self._limits or Connected(None, None)
        try:
            self._courier.line_up(
                maximum_packet_size=limits.maximum_packet_size, receive_maximum=limits.receive_maximum
            )
        except ProtocolError as error:
            return Disconnected(LinkProblem.LIMITS, str(error))
        self._answer_by = None
        self._post_status(now)
        return None

    def _post_status(self, now: float) -> None:
        self._last_status, self._status_at = now, None
        message = self.presence(Presence.ONLINE)
        self._courier.post(message.topic, message.payload, retain=True)
