"""What the courier sends, and when."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.link.courier import DISTRUSTED_RECEIPTS, Courier
from edge_agent.link.flight import BrokerRefusal, Outgoing, Pace
from edge_agent.outbox.outbox import Outbox
from shared.errors import ProtocolError
from shared.messages import Announce, Receipt, ReceiptOutcome
from shared.topics import DeviceAddress
from shared.vocabulary import OutboxState
from tests.support.edge import a_capture, stored

ADDRESS = DeviceAddress("north", "scope-1")
PACE = Pace(part_size=4, window=6, receipt_seconds=10.0)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def a_courier(outbox: Outbox, pace: Pace = PACE) -> Courier:
    courier = Courier(
        outbox=outbox, address=ADDRESS, pace=pace, on_stored=lambda _capture: None, jitter=random.Random(7)
    )
    courier.line_up(maximum_packet_size=None, receive_maximum=None)
    courier.cloud(online=True)
    return courier


def all_sends(courier: Courier, now: float = 0.0) -> list[Outgoing]:
    sends = []
    while (message := courier.next_send(now)) is not None:
        sends.append(message)
        courier.puback(message.token, None, now)
    return sends


def test_the_first_sending_brings_all_parts(outbox: Outbox) -> None:
    outbox.put(a_capture(b"0123456789"))

    announce, *parts = all_sends(a_courier(outbox))

    assert Announce.decode(announce.payload).parts_follow
    assert [part.payload for part in parts] == [b"0123", b"4567", b"89"]


def test_after_a_reconnection_only_what_is_missing_goes(outbox: Outbox) -> None:
    capture_id = outbox.put(a_capture(b"0123456789")).capture_id
    courier = a_courier(outbox)
    all_sends(courier)
    courier.line_down()
    courier.line_up(maximum_packet_size=None, receive_maximum=None)
    courier.cloud(online=True)

    (announce,) = all_sends(courier)
    assert not Announce.decode(announce.payload).parts_follow
    courier.receipt(Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.MISSING, missing=(1,)), 0.0)

    assert [part.payload for part in all_sends(courier)] == [b"4567"]


def test_nothing_more_than_the_window_is_under_way(outbox: Outbox) -> None:
    outbox.put(a_capture(b"x" * 100))
    courier = a_courier(outbox)

    sends = [courier.next_send(0.0) for _ in range(PACE.window)]

    assert all(sends)
    assert courier.next_send(0.0) is None
    first = sends[0]
    assert first is not None
    courier.puback(first.token, None, 0.0)
    assert courier.next_send(0.0) is not None


def test_a_part_that_is_too_large_parks_its_capture_and_the_next_goes_on(outbox: Outbox) -> None:
    bad, good = (outbox.put(a_capture(payload)).capture_id for payload in (b"bad", b"good"))
    courier = a_courier(outbox)
    announce = courier.next_send(0.0)
    assert announce is not None

    courier.puback(announce.token, BrokerRefusal.TOO_LARGE, 0.0)

    entry = outbox.entry(bad)
    assert entry is not None
    assert entry.state is OutboxState.PARKED
    assert "too large" in (entry.reason or "")
    assert {Announce.decode(sent.payload).capture_id for sent in all_sends(courier)[:1]} == {good}


def test_bytes_that_vanish_park_their_capture_and_the_next_goes_on(outbox: Outbox) -> None:
    bad, good = (outbox.put(a_capture(payload)).capture_id for payload in (b"bad", b"good"))
    outbox.spool.remove(bad)

    announced, next_announced, *_ = all_sends(a_courier(outbox))

    assert Announce.decode(announced.payload).capture_id == bad
    assert Announce.decode(next_announced.payload).capture_id == good
    assert [entry.capture_id for entry in outbox.entries(OutboxState.PARKED)] == [bad]


def test_receipts_for_other_bytes_are_asked_about_and_in_the_end_parked(tmp_path: Path) -> None:
    now = [1000.0]
    outbox = Outbox(tmp_path, clock=lambda: now[0])
    capture_id = outbox.put(a_capture(b"one")).capture_id
    courier = a_courier(outbox)

    for _ in range(DISTRUSTED_RECEIPTS):
        assert all_sends(courier, now[0])
        with pytest.raises(ProtocolError, match="its bytes have"):
            courier.receipt(stored(capture_id, "0" * 64), now[0])
        assert outbox.spool.holds(capture_id)
        now[0] += 1000.0

    assert outbox.counts().parked == 1
    outbox.close()


def test_a_list_of_parts_that_cannot_be_missing_is_not_believed(outbox: Outbox) -> None:
    capture_id = outbox.put(a_capture(b"0123456789")).capture_id
    courier = a_courier(outbox)
    all_sends(courier)

    with pytest.raises(ProtocolError, match="misses part 9"):
        courier.receipt(Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.MISSING, missing=(0, 9)), 0.0)

    assert all_sends(courier) == []
    assert outbox.counts().waiting == 1


def test_idle_means_that_nobody_has_to_be_woken(outbox: Outbox) -> None:
    courier = a_courier(outbox)

    assert courier.next_send(0.0) is None
    assert courier.wake_at() is None


@pytest.mark.parametrize("hindrance", ["window", "cloud", "pause", "line"])
def test_who_may_send_nothing_is_not_woken_again_and_again(outbox: Outbox, hindrance: str) -> None:
    for number in range(10):
        outbox.put(a_capture(bytes([number])))
    courier = a_courier(outbox)
    match hindrance:
        case "window":
            while courier.next_send(0.0) is not None:
                pass  # none of them is acknowledged
        case "cloud":
            courier.cloud(online=False)
        case "pause":
            courier.pause(paused=True)
        case "line":
            courier.line_down()

    assert courier.next_send(0.0) is None
    assert courier.wake_at() is None


def test_when_the_cloud_comes_back_it_is_asked_what_it_has(outbox: Outbox) -> None:
    outbox.put(a_capture(b"0123456789"))
    courier = a_courier(outbox)
    all_sends(courier)

    courier.cloud(online=False)
    assert all_sends(courier) == []
    courier.cloud(online=True)

    assert [Announce.decode(sent.payload).parts_follow for sent in all_sends(courier)] == [False]


def test_an_overdue_receipt_is_asked_for_with_growing_patience(outbox: Outbox) -> None:
    outbox.put(a_capture(b"0123456789"))
    courier = a_courier(outbox)
    all_sends(courier)
    waits, now = [], 0.0

    for _ in range(6):
        wake_at = courier.wake_at()
        assert wake_at is not None
        waits.append(wake_at - now)
        now = wake_at
        assert [Announce.decode(sent.payload).parts_follow for sent in all_sends(courier, now)] == [False]

    assert 8.0 <= waits[0] <= 12.0
    assert waits[-1] > 2 * waits[0]
