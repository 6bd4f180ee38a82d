"""What to send next: the sending half of the protocol as a state machine without threads, sockets or clock.

Events come in as method calls (the line is up, a PUBACK, a receipt, ...), what is to be published comes out of
`next_send` until it returns None. The outbox is the only memory: a line that goes down costs no more than the question
what the cloud still lacks.

A capture on its way (a Flight): announced with its parts right behind when it is sent for the first time; asked about
(announced alone) when it was sent before; then the parts that are missing, then the wait for the receipt.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from edge_agent.link.flight import BrokerRefusal, Flight, Outgoing, Pace, Phase
from edge_agent.link.line_speed import LineSpeed
from edge_agent.outbox.outbox import Delay, Outbox
from shared.errors import ProtocolError
from shared.logs import get_logger
from shared.messages import Receipt, ReceiptOutcome
from shared.parts import fit_part_size
from shared.topics import DeviceAddress

log = get_logger(__name__)

WINDOW_BYTES = 2 * 1024 * 1024
"""Bytes that may be published and not yet acknowledged; bounds the agent's memory."""

OPEN_CAPTURES = 48
OPEN_BYTES = 64 * 1024 * 1024
"""Captures, and their bytes, that may wait for a receipt at the same time; bounds what a slow ingest piles up."""

LONGEST_RECEIPT_SECONDS = 120.0
DISTRUSTED_RECEIPTS = 5
"""So many receipts for other bytes park a capture."""


class Courier:
    """Sends the outbox's captures over one line at a time. Used by one thread.

    Args:
        on_stored: called with each capture for which the cloud's receipt stands, after that is durable.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        address: DeviceAddress,
        pace: Pace,
        on_stored: Callable[[UUID], None],
        jitter: random.Random,
    ) -> None:
        self._outbox = outbox
        self._address = address
        self._pace = pace
        self._on_stored = on_stored
        self._jitter = jitter
        self._speed = LineSpeed()
        self._flights: dict[UUID, Flight] = {}
        self._under_way: dict[int, tuple[UUID | None, int]] = {}  # token → capture, bytes
        self._bytes_under_way = 0
        self._notes: deque[tuple[str, bytes, bool]] = deque()
        self._tokens = 0
        self._part_size: int | None = None  # None while the line is down
        self._window = pace.window
        self._maximum_packet_size: int | None = None
        self._cloud_online = False
        self.paused = False
        self._look_again_at: float | None = 0.0

    def line_up(self, *, maximum_packet_size: int | None, receive_maximum: int | None) -> None:
        """The broker has taken the connection and the subscriptions.

        Raises:
            ProtocolError: the broker's Maximum Packet Size leaves no room for any part.
        """
        self._part_size = fit_part_size(self._pace.part_size, maximum_packet_size)
        self._maximum_packet_size = maximum_packet_size
        self._window = min(self._pace.window, receive_maximum or self._pace.window)
        self._outbox.release_all()
        self.look_again()

    def line_down(self) -> None:
        """The connection is gone, and with it all that was not acknowledged."""
        self._part_size = None
        self._cloud_online = False
        self._under_way.clear()
        self._bytes_under_way = 0
        self._notes.clear()
        self._speed.cut()
        self._flights.clear()  # their leases end at the next `line_up`: this must work with a full disk, too

    def cloud(self, *, online: bool) -> None:
        """Whether the ingest replica that serves this site is there."""
        if online == self._cloud_online:
            return
        self._cloud_online = online
        if online:
            self.look_again()
        else:
            self._land_all()

    def pause(self, *, paused: bool) -> None:
        """Send no captures, or send again; whatever was begun is taken up again by asking."""
        self.paused = paused
        if paused:
            self._land_all()
        else:
            self.look_again()

    def reannounce(self) -> None:
        """Ask the cloud about every waiting capture, also about those that were put off."""
        self._flights.clear()
        self._outbox.reannounce_all()
        self.look_again()

    def look_again(self) -> None:
        """There may be something new in the outbox."""
        self._look_again_at = 0.0

    def post(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish a message of the device itself before any capture; it is forgotten if the line goes down first."""
        self._notes.append((topic, payload, retain))

    def puback(self, token: int, refusal: BrokerRefusal | None, now: float) -> None:
        """The broker has answered a message; a hint only: nothing but a receipt makes a capture stored."""
        capture_id, size = self._under_way.pop(token, (None, 0))
        self._bytes_under_way -= size
        self._speed.acknowledged(size, now, idle=not self._under_way)
        flight = self._flights.get(capture_id) if capture_id else None
        if flight is None or token not in flight.unacknowledged:
            return
        flight.unacknowledged.discard(token)
        if refusal is BrokerRefusal.TOO_LARGE:
            self._park(flight.entry.capture_id, f"A message of this capture did not pass: {refusal}.")
        elif refusal is not None:
            self._put_off(flight, Delay.LINE, f"A message of this capture did not pass: {refusal}.", now)
        elif not flight.unacknowledged and not flight.todo:
            if flight.phase is Phase.SENDING:
                flight.phase = Phase.AWAITING
            flight.deadline = now + self._patience(flight)

    def receipt(self, receipt: Receipt, now: float) -> None:
        """The cloud's word on a capture; may come twice, late, or for a capture that is not under way.

        Raises:
            ProtocolError: the receipt does not fit what is in the outbox; whatever it was for is asked about again.
        """
        match receipt.outcome:
            case ReceiptOutcome.STORED:
                self._take_stored(receipt, now)
            case ReceiptOutcome.MISSING:
                self._take_missing(receipt, now)
            case ReceiptOutcome.REFUSED:
                self._park(receipt.capture_id, f"The cloud refused it: {receipt.reason}")

    def next_send(self, now: float) -> Outgoing | None:
        """The next message to publish, or None where nothing may go for the time being."""
        if self._part_size is None or self._window_full():
            return None
        if self._notes:
            topic, payload, retain = self._notes.popleft()
            return self._outgoing(None, Outgoing(0, topic, payload, retain=retain), now)
        if not self._captures_may_go():
            return None
        self._ask_the_overdue(now)
        while (flight := self._flight_with_work(now)) is not None:
            if (message := self._message_of(flight)) is not None:
                outgoing = self._outgoing(flight.entry.capture_id, message, now)
                flight.unacknowledged.add(outgoing.token)
                return outgoing
        return None

    def wake_at(self) -> float | None:
        """When `next_send` is to be called again though nothing happened; None where only an event can change that."""
        if not self._captures_may_go():
            return None
        times = [flight.deadline for flight in self._flights.values() if flight.deadline is not None]
        if self._look_again_at is not None and self._may_open():
            times.append(self._look_again_at)
        return min(times, default=None)

    def _take_stored(self, receipt: Receipt, now: float) -> None:
        try:
            new = self._outbox.stored(receipt)
        except ProtocolError as error:
            if flight := self._flights.get(receipt.capture_id):
                self._distrust(flight, str(error), now)
            raise
        self._flights.pop(receipt.capture_id, None)
        self.look_again()
        if new:
            self._on_stored(receipt.capture_id)

    def _take_missing(self, receipt: Receipt, now: float) -> None:
        flight = self._flights.get(receipt.capture_id)
        if flight is None or flight.phase not in (Phase.ASKED, Phase.AWAITING):
            return  # late or doubled: what it lists is under way
        if wrong := [index for index in receipt.missing if not 0 <= index < flight.plan.count]:
            text = f"The cloud misses part {wrong[0]} of capture {receipt.capture_id}, which has {flight.plan.count}."
            self._distrust(flight, text, now)
            raise ProtocolError(text)
        flight.todo = deque(sorted(set(receipt.missing)))
        flight.phase = Phase.SENDING
        flight.deadline = None

    def _distrust(self, flight: Flight, reason: str, now: float) -> None:
        if flight.entry.attempts + 1 >= DISTRUSTED_RECEIPTS:
            self._park(flight.entry.capture_id, reason)
        else:
            self._put_off(flight, Delay.DISTRUST, reason, now)

    def _park(self, capture_id: UUID, reason: str) -> None:
        self._flights.pop(capture_id, None)
        if self._outbox.park(capture_id, reason):
            log.warning("capture parked", capture=str(capture_id), reason=reason)
        self.look_again()

    def _put_off(self, flight: Flight, kind: Delay, reason: str, now: float) -> None:
        del self._flights[flight.entry.capture_id]
        delay = self._outbox.retry_later(flight.entry.capture_id, kind, reason)
        if self._look_again_at is None or self._look_again_at > now + delay:
            self._look_again_at = now + delay

    def _ask_the_overdue(self, now: float) -> None:
        for flight in self._flights.values():
            if flight.deadline is not None and flight.deadline <= now:
                log.info("receipt overdue, asking again", capture=str(flight.entry.capture_id), asked=flight.asks)
                flight.phase = Phase.ANNOUNCE
                flight.deadline = None
                flight.asks += 1

    def _flight_with_work(self, now: float) -> Flight | None:
        for flight in self._flights.values():
            if flight.phase is Phase.ANNOUNCE or flight.todo:
                return flight
        if self._part_size is None or not self._may_open():
            return None
        if self._look_again_at is None or self._look_again_at > now:
            return None
        entry = self._outbox.lease(
            self._speed.part_size(self._part_size), largest_kept=self._speed.largest_kept(self._part_size)
        )
        if entry is None:
            delay = self._outbox.seconds_to_next()
            self._look_again_at = None if delay is None else now + delay
            return None
        flight = Flight(entry, entry.plan())
        self._flights[entry.capture_id] = flight
        return flight

    def _may_open(self) -> bool:
        open_bytes = sum(flight.plan.byte_size for flight in self._flights.values())
        return len(self._flights) < OPEN_CAPTURES and open_bytes < OPEN_BYTES

    def _captures_may_go(self) -> bool:
        """Whether line, cloud, operator and the broker's acknowledgements let captures be sent at all."""
        return self._part_size is not None and not self._window_full() and self._cloud_online and not self.paused

    def _message_of(self, flight: Flight) -> Outgoing | None:
        """The flight's next message; None where it had to be parked instead."""
        try:
            message = flight.next_message(self._address, self._outbox.spool)
        except OSError as error:
            reason = f"Its bytes cannot be read from the spool ({error.strerror}); take this capture again."
            self._park(flight.entry.capture_id, reason)
            return None
        limit = self._maximum_packet_size
        if limit is not None and message.packet_bound > limit:
            self._park(flight.entry.capture_id, f"A message of this capture did not pass: {BrokerRefusal.TOO_LARGE}.")
            return None
        return message

    def _outgoing(self, capture_id: UUID | None, message: Outgoing, now: float) -> Outgoing:
        """Give a message its token and count it as under way."""
        self._tokens += 1
        self._under_way[self._tokens] = (capture_id, len(message.payload))
        self._bytes_under_way += len(message.payload)
        self._speed.sent(now)
        return replace(message, token=self._tokens)

    def _window_full(self) -> bool:
        return len(self._under_way) >= self._window or self._bytes_under_way >= WINDOW_BYTES

    def _patience(self, flight: Flight) -> float:
        """How long to wait for a receipt: longer each time, jittered, so that a slow ingest is not asked to death."""
        seconds = min(self._pace.receipt_seconds * 1.5 ** min(flight.asks, 16), LONGEST_RECEIPT_SECONDS)
        return seconds * self._jitter.uniform(0.8, 1.2)

    def _land_all(self) -> None:
        """Let go of all captures under way; when they are leased again the cloud is asked what it has of them."""
        if self._flights:
            self._flights.clear()
            self._outbox.release_all()
        self.look_again()
