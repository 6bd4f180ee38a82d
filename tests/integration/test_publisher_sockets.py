"""One connection of the publisher and its sockets, whichever way it ends."""

import gc
import queue
from collections.abc import Iterator
from pathlib import Path

import certifi
import psutil
import pytest

from edge_agent.config import BrokerSection
from edge_agent.link.events import Connected, Disconnected, LinkEvent
from edge_agent.link.flight import Outgoing
from edge_agent.link.publisher import Publisher
from shared.topics import DeviceAddress
from tests.conftest import MosquittoFactory
from tests.support.waiting import PATIENCE

ADDRESS = DeviceAddress("north", "scope-1")


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Nothing is freed but by its last reference: what needs the garbage collector stays, and shows."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("ending", ["closed", "broker gone", "nothing listens", "no TLS there"])
def test_a_closed_connection_leaves_no_socket_behind(mosquitto: MosquittoFactory, ending: str) -> None:
    """Nor one for the garbage collector, which is a ResourceWarning, and that an error."""
    broker = mosquitto()
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    settings = BrokerSection(
        host="127.0.0.1", port=broker.port, ca_file=Path(certifi.where()) if ending == "no TLS there" else None
    )
    if ending == "nothing listens":
        broker.kill()
    before = psutil.Process().num_fds()
    will = Outgoing(0, ADDRESS.status(), b"", retain=True)
    publisher = Publisher(broker=settings, device=ADDRESS.device, password="secret", will=will, emit=events.put)  # noqa: S106
    publisher.connect()
    first = events.get(timeout=PATIENCE)
    if ending == "broker gone":
        broker.kill()
        assert isinstance(events.get(timeout=PATIENCE), Disconnected)
    publisher.close()

    assert isinstance(first, Connected if ending in {"closed", "broker gone"} else Disconnected)
    assert psutil.Process().num_fds() == before
