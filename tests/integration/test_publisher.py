"""The sender and a real Mosquitto: captures arrive whole, once, whatever happens to the line."""

import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from edge_agent.config import BrokerSection
from edge_agent.link.events import LinkProblem, LinkState
from edge_agent.link.flight import Pace
from edge_agent.link.publisher import Publisher
from edge_agent.link.sender import Sender
from edge_agent.outbox.outbox import Outbox
from shared.messages import CommandAction, Receipt, ReceiptOutcome
from shared.topics import DeviceAddress
from shared.vocabulary import OutboxState, Presence
from tests.conftest import MosquittoFactory
from tests.support.edge import a_capture, a_prediction
from tests.support.scripted_cloud import ScriptedCloud
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE

ADDRESS = DeviceAddress("north", "scope-1")


class Edge:
    """An outbox and its sender, running on a thread of their own."""

    def __init__(self, folder: Path, port: int, pace: Pace | None = None, keepalive: int = 5) -> None:
        self.outbox = Outbox(folder / "state")
        self.outbox.recover()
        self.changed = threading.Condition()
        self.states: list[LinkState] = []
        self.confirmed: list[UUID] = []
        self.reloads = 0
        broker = BrokerSection(host="127.0.0.1", port=port, keepalive_seconds=keepalive)
        self.sender = Sender(
            outbox=self.outbox,
            address=ADDRESS,
            pace=pace or Pace(),
            open_line=partial(Publisher, broker=broker, device=ADDRESS.device, password="secret"),  # noqa: S106
            listener=self,
        )
        self._thread = threading.Thread(target=self.sender.run, name="sender")
        self._thread.start()

    def put(self, payload: bytes) -> UUID:
        capture_id = self.outbox.put(a_capture(payload)).capture_id
        self.sender.wake()
        return capture_id

    def stored(self, capture_id: UUID) -> None:
        with self.changed:
            self.confirmed.append(capture_id)
            self.changed.notify_all()

    def link_changed(self, state: LinkState) -> None:
        with self.changed:
            self.states.append(state)
            self.changed.notify_all()

    def reload(self) -> None:
        with self.changed:
            self.reloads += 1
            self.changed.notify_all()

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"still waiting; line: {self.states[-1:]}"

    def close(self) -> None:
        self.sender.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.outbox.close()


MakeEdge = Callable[..., Edge]


@pytest.fixture
def make_edge(tmp_path: Path) -> Iterator[MakeEdge]:
    edges: list[Edge] = []

    def make(port: int, **options: object) -> Edge:
        edges.append(Edge(tmp_path, port, **options))  # type: ignore[arg-type] # Edge's own options
        return edges[-1]

    yield make
    for edge in edges:
        edge.close()


def payloads(count: int, size: int) -> list[bytes]:
    source = random.Random(7)
    return [source.randbytes(size) for _ in range(count)]


def test_captures_arrive_and_their_results_come_back(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto()
    with ScriptedCloud(broker.port) as cloud:
        edge = make_edge(broker.port)
        sent = {edge.put(payload): payload for payload in payloads(10, 200_000)}
        edge.wait(lambda: len(edge.confirmed) == 10)
        acknowledged = {cloud.acknowledged.get(timeout=PATIENCE).capture_id for _ in sent}

    assert cloud.stored == sent
    assert acknowledged == set(sent)
    assert edge.outbox.counts().by_state == {OutboxState.ANSWERED: 10}
    assert cloud.part_bytes == 10 * 200_000, "each part went once"
    assert [announce.sequence for announce in cloud.announces] == list(range(1, 11))
    assert all(announce.parts_follow for announce in cloud.announces)


def test_birth_pause_and_farewell_are_told(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto()
    with ScriptedCloud(broker.port) as cloud:
        edge = make_edge(broker.port)
        birth = cloud.statuses.get(timeout=PATIENCE)
        edge.wait(lambda: bool(edge.states) and edge.states[-1].cloud_online)
        cloud.command(ADDRESS, CommandAction.PAUSE)
        edge.wait(lambda: bool(edge.states) and edge.states[-1].paused)
        edge.put(b"while paused")
        cloud.command(ADDRESS, CommandAction.RELOAD)
        edge.wait(lambda: edge.reloads == 1)
        assert cloud.announces == []
        cloud.command(ADDRESS, CommandAction.RESUME)
        edge.wait(lambda: len(edge.confirmed) == 1)
        edge.sender.stop()
        death = birth
        while death.state is Presence.ONLINE:
            death = cloud.statuses.get(timeout=PATIENCE)

    assert birth.state is Presence.ONLINE
    assert death.session == birth.session
    assert death.outbox_depth == 0


def test_nothing_is_sent_before_the_cloud_is_there(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto()
    cloud = ScriptedCloud(broker.port)
    edge = make_edge(broker.port)
    edge.put(b"early")
    edge.wait(lambda: bool(edge.states) and edge.states[-1].connected)
    assert not edge.states[-1].cloud_online

    with cloud:
        edge.wait(lambda: len(edge.confirmed) == 1)
    edge.wait(lambda: not edge.states[-1].cloud_online)
    late = edge.put(b"late")
    with cloud:
        edge.wait(lambda: late in edge.confirmed)

    assert len(cloud.announces) == 2
    assert cloud.part_bytes == len(b"early") + len(b"late")


def test_a_broker_killed_in_the_middle_costs_nothing(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto()
    with ScriptedCloud(broker.port) as cloud:
        edge = make_edge(broker.port, pace=Pace(part_size=64 * 1024, receipt_seconds=1.0))
        sent = {edge.put(payload): payload for payload in payloads(40, 400_000)}
        for _ in range(60):
            cloud.part_arrived.get(timeout=PATIENCE)
        broker.kill()
        broker.start()
        edge.wait(lambda: len(edge.confirmed) == 40)

    assert cloud.stored == sent
    assert edge.outbox.counts().waiting == 0
    assert any(state.problem is LinkProblem.LOST for state in edge.states)


def test_a_cut_line_costs_less_than_a_tenth(
    mosquitto: MosquittoFactory, make_edge: MakeEdge, tcp_proxy: Callable[[int], TcpProxy]
) -> None:
    broker = mosquitto()
    line = tcp_proxy(broker.port)
    line.line.bytes_per_second = 2_000_000
    with ScriptedCloud(broker.port) as cloud:
        edge = make_edge(line.port, pace=Pace(receipt_seconds=2.0, window=8))
        sent = {edge.put(payload): payload for payload in payloads(3, 2_000_000)}
        for _ in range(3):
            for _ in range(18):
                cloud.part_arrived.get(timeout=PATIENCE)
            line.cut()
        edge.wait(lambda: len(edge.confirmed) == 3)

    assert cloud.stored == sent
    assert cloud.part_bytes < 1.1 * 6_000_000


def test_a_silent_cloud_is_asked_again_and_parts_do_not_go_twice(
    mosquitto: MosquittoFactory, make_edge: MakeEdge
) -> None:
    broker = mosquitto()
    with ScriptedCloud(broker.port) as cloud:
        cloud.mute.set()
        edge = make_edge(broker.port, pace=Pace(receipt_seconds=0.3))
        edge.put(payloads(1, 300_000)[0])
        cloud.stored_now.get(timeout=PATIENCE)
        cloud.mute.clear()
        edge.wait(lambda: len(edge.confirmed) == 1)

    assert cloud.part_bytes == 300_000
    assert [announce.parts_follow for announce in cloud.announces][:2] == [True, False]


def test_a_broker_that_takes_small_packets_gets_small_parts(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto(settings="max_packet_size 5000")
    with ScriptedCloud(broker.port) as cloud:
        edge = make_edge(broker.port)
        capture_id = edge.put(payloads(1, 100_000)[0])
        edge.wait(lambda: capture_id in edge.confirmed)

    assert cloud.announces[0].part_size == 5000 - 1024
    assert len(edge.states) == len([state for state in edge.states if state.problem is None])


def test_a_refused_capture_is_parked_with_the_clouds_reason_and_holds_up_nothing(
    mosquitto: MosquittoFactory, make_edge: MakeEdge
) -> None:
    broker = mosquitto()
    bad, good = payloads(2, 100_000)
    cloud = ScriptedCloud(broker.port)
    cloud.refuse[a_capture(bad).sha256] = "its case is closed"
    with cloud:
        edge = make_edge(broker.port)
        refused, taken = edge.put(bad), edge.put(good)
        edge.wait(lambda: taken in edge.confirmed)

    entry = edge.outbox.entry(refused)
    assert entry is not None
    assert entry.state is OutboxState.PARKED
    assert entry.reason == "The cloud refused it: its case is closed"


def test_messages_that_do_not_fit_raise_alarms_and_change_nothing(
    mosquitto: MosquittoFactory, make_edge: MakeEdge
) -> None:
    broker = mosquitto()
    with ScriptedCloud(broker.port) as cloud:
        cloud.mute.set()
        edge = make_edge(broker.port)
        capture_id = edge.put(b"one")
        cloud.stored_now.get(timeout=PATIENCE)
        entry = edge.outbox.entry(capture_id)
        assert entry is not None
        wrong = Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.STORED, sha256="0" * 64)
        cloud.send(ADDRESS.receipt(capture_id), wrong.encode())
        cloud.send(ADDRESS.result(capture_id), a_prediction(entry, sha256="1" * 64).encode())
        cloud.send(ADDRESS.result(UUID(int=5)), a_prediction(entry).encode())
        cloud.send(ADDRESS.command(), b"no JSON")
        cloud.command(ADDRESS, CommandAction.RELOAD)
        edge.wait(lambda: edge.reloads == 1)

    assert len(edge.outbox.alarms()) == 4
    assert edge.outbox.results() == []
    assert edge.outbox.spool.holds(capture_id)


def test_a_half_open_line_heals_by_itself(
    mosquitto: MosquittoFactory, make_edge: MakeEdge, tcp_proxy: Callable[[int], TcpProxy]
) -> None:
    broker = mosquitto()
    line = tcp_proxy(broker.port)
    with ScriptedCloud(broker.port):
        edge = make_edge(line.port, keepalive=5)
        edge.wait(lambda: bool(edge.states) and edge.states[-1].cloud_online)
        line.swallow()
        capture_id = edge.put(b"one")
        edge.wait(lambda: not edge.states[-1].connected)
        line.heal()
        edge.wait(lambda: capture_id in edge.confirmed)


def test_a_wrong_password_is_said_and_seldom_tried(mosquitto: MosquittoFactory, make_edge: MakeEdge) -> None:
    broker = mosquitto(dynamic_security={"defaultACLAccess": {}, "clients": [], "groups": [], "roles": []})
    edge = make_edge(broker.port)

    edge.wait(lambda: bool(edge.states) and edge.states[-1].problem is not None)

    assert edge.states[-1].problem is LinkProblem.BAD_CREDENTIALS
    assert LinkProblem.BAD_CREDENTIALS.needs_a_person
