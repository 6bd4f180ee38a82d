"""The courier against a simulated cloud: however messages are lost, doubled or come late, every capture arrives."""

import random
import shutil
import tempfile
from collections import deque
from pathlib import Path
from uuid import UUID  # noqa: TC003 - Hypothesis reads the annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.link.courier import Courier
from edge_agent.link.flight import BrokerRefusal, Outgoing, Pace
from edge_agent.outbox.outbox import Outbox
from shared.identifiers import sha256_of_bytes
from shared.messages import Announce, Receipt, ReceiptOutcome
from shared.parts import Part
from shared.topics import DeviceAddress, UpKind, parse_up
from shared.vocabulary import OutboxState, Priority
from tests.support.edge import a_capture, stored

ADDRESS = DeviceAddress("north", "scope-1")
MEMORY = Path("/dev/shm")  # noqa: S108 - a RAM disk spares thousands of syncs; each run has a folder of its own
PACE = Pace(part_size=4, window=6, receipt_seconds=10.0)


class SimulatedCloud:
    """Stores what arrives, and says what an ingest would say."""

    def __init__(self) -> None:
        self.manifests: dict[UUID, Announce] = {}
        self.parts: dict[UUID, dict[int, bytes]] = {}
        self.payloads: dict[UUID, bytes] = {}

    def take(self, message: Outgoing) -> Receipt | None:
        topic = parse_up(message.topic)
        if topic.kind is UpKind.ANNOUNCE:
            announce = Announce.decode(message.payload)
            self.manifests[announce.capture_id] = announce
            return self._answer(announce, ask=not announce.parts_follow)
        if topic.kind is UpKind.PART and topic.capture_id is not None and topic.index is not None:
            part = Part.received(topic.index, message.properties, message.payload)
            self.parts.setdefault(topic.capture_id, {})[part.index] = part.data
            announce_or_none = self.manifests.get(topic.capture_id)
            return self._answer(announce_or_none, ask=False) if announce_or_none else None
        return None

    def _answer(self, announce: Announce, *, ask: bool) -> Receipt | None:
        capture_id = announce.capture_id
        parts = self.parts.get(capture_id, {})
        missing = announce.plan.missing(parts)
        if not missing:
            self.payloads[capture_id] = b"".join(parts[index] for index in range(announce.part_count))
            return stored(capture_id, announce.sha256)
        if ask:
            return Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.MISSING, missing=tuple(missing))
        return None


class CourierMachine(RuleBasedStateMachine):
    """Each message and each receipt may be lost with its connection, doubled, or delivered late."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.now = 1000.0
        self.outbox = Outbox(self.folder, clock=lambda: self.now)
        self.cloud = SimulatedCloud()
        self.captures: dict[UUID, bytes] = {}
        self.confirmed: list[UUID] = []
        self.on_the_line: deque[Outgoing] = deque()
        self.unacknowledged: deque[int] = deque()
        self.receipts: list[Receipt] = []
        self.up = False
        self.start_courier()
        self.connect(None, None)
        for size in (5, 30, 1):
            self.add(size, Priority.ROUTINE)
        self.send(6)

    def start_courier(self) -> None:
        self.courier = Courier(
            outbox=self.outbox, address=ADDRESS, pace=PACE, on_stored=self.confirmed.append, jitter=random.Random(7)
        )

    @rule(size=st.integers(1, 30), priority=st.sampled_from(Priority))
    def capture(self, size: int, priority: Priority) -> None:
        self.add(size, priority)

    def add(self, size: int, priority: Priority) -> None:
        payload = bytes([len(self.captures)]) * size
        outcome = self.outbox.put(a_capture(payload, priority=priority))
        self.captures[outcome.capture_id] = payload
        self.courier.look_again()

    @rule(limit=st.sampled_from([None, 5000]), receive_maximum=st.sampled_from([None, 1, 3]))
    def come_back(self, limit: int | None, receive_maximum: int | None) -> None:
        self.connect(limit, receive_maximum)

    def connect(self, limit: int | None, receive_maximum: int | None) -> None:
        if not self.up:
            self.courier.line_up(maximum_packet_size=limit, receive_maximum=receive_maximum)
            self.courier.cloud(online=True)
            self.up = True

    @rule(count=st.integers(1, 10))
    def go_on(self, count: int) -> None:
        self.send(count)

    def send(self, count: int) -> None:
        for _ in range(count):
            message = self.courier.next_send(self.now)
            if message is None:
                wake_at = self.courier.wake_at()
                assert wake_at is None or wake_at > self.now  # else it would be asked for ever, with a core to itself
                break
            assert self.up
            self.on_the_line.append(message)
            self.unacknowledged.append(message.token)

    @precondition(lambda self: self.on_the_line)
    @rule(doubled=st.lists(st.booleans(), min_size=1, max_size=10))
    def deliver(self, doubled: list[bool]) -> None:
        for twice in doubled[: len(self.on_the_line)]:
            message = self.on_the_line.popleft()
            for _ in range(1 + twice):
                receipt = self.cloud.take(message)
                if receipt is not None:
                    self.receipts.append(receipt)

    @precondition(lambda self: self.unacknowledged)
    @rule(
        refusal=st.sampled_from([None, None, None, BrokerRefusal.NOBODY_LISTENS, BrokerRefusal.DENIED]),
        count=st.integers(1, 10),
    )
    def acknowledge(self, refusal: BrokerRefusal | None, count: int) -> None:
        for _ in range(min(count, len(self.unacknowledged))):
            self.courier.puback(self.unacknowledged.popleft(), refusal, self.now)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), keep=st.booleans())
    def hand_on_receipt(self, data: st.DataObject, *, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.receipts) - 1))
        self.courier.receipt(self.receipts[index] if keep else self.receipts.pop(index), self.now)

    @rule(what=st.sampled_from(["receipts", "line", "process", "cloud", "pause", "reannounce"]))
    def disturb(self, what: str) -> None:
        match what:
            case "receipts":
                self.receipts.clear()
            case "line" if self.up:
                self.lose_line()
                self.courier.line_down()
            case "process":
                self.lose_line()
                self.outbox.close()
                self.outbox = Outbox(self.folder, clock=lambda: self.now)
                self.outbox.recover()
                self.start_courier()
            case "cloud" if self.up:
                self.courier.cloud(online=False)
            case "pause":
                self.courier.pause(paused=True)
            case "reannounce":
                self.courier.reannounce()

    @rule()
    def calm_down(self) -> None:
        self.courier.pause(paused=False)
        if self.up:
            self.courier.cloud(online=True)

    def lose_line(self) -> None:
        self.on_the_line.clear()
        self.unacknowledged.clear()
        self.up = False

    @rule(seconds=st.floats(0.1, 400.0))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def window_holds(self) -> None:
        assert len(self.unacknowledged) <= PACE.window

    @invariant()
    def only_what_the_cloud_has_counts_as_stored(self) -> None:
        for entry in self.outbox.entries(OutboxState.STORED, limit=None):
            assert sha256_of_bytes(self.cloud.payloads[entry.capture_id]) == entry.sha256
        assert len(self.confirmed) == len(set(self.confirmed))

    def teardown(self) -> None:
        """From now on the line is good, if it is up; and everything arrives, whatever was before."""
        self.courier.pause(paused=False)
        if not self.up:
            self.courier.line_up(maximum_packet_size=None, receive_maximum=None)
        while self.on_the_line:
            self.cloud.take(self.on_the_line.popleft())
        while self.unacknowledged:
            self.courier.puback(self.unacknowledged.popleft(), None, self.now)
        self.courier.cloud(online=True)
        for _ in range(400):
            while (message := self.courier.next_send(self.now)) is not None:
                receipt = self.cloud.take(message)
                self.courier.puback(message.token, None, self.now)
                if receipt is not None:
                    self.courier.receipt(receipt, self.now)
            wake_at = self.courier.wake_at()
            if wake_at is None:
                break
            self.now = max(self.now, wake_at)
        assert self.cloud.payloads == self.captures
        assert self.outbox.counts().by_state == ({OutboxState.STORED: len(self.captures)} if self.captures else {})
        self.outbox.close()
        shutil.rmtree(self.folder)


TestCourierMachine = CourierMachine.TestCase
TestCourierMachine.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
