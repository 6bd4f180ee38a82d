from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from edge_agent.intake.capture import Fingerprint
from edge_agent.outbox.outbox import Delay, Outbox
from edge_agent.outbox.records import LONGEST_DELAY
from shared.errors import ProtocolError
from shared.vocabulary import OutboxState, Priority, RefusalKind
from tests.support.edge import a_capture, a_prediction, a_refusal, stored

PART = 64 * 1024


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def put(outbox: Outbox, payload: bytes, priority: Priority = Priority.ROUTINE) -> UUID:
    return outbox.put(a_capture(payload, priority=priority)).capture_id


def test_urgent_captures_go_first_then_the_oldest(outbox: Outbox) -> None:
    first, second = put(outbox, b"1"), put(outbox, b"2")
    urgent = put(outbox, b"3", Priority.URGENT)

    leased = [entry.capture_id for _ in range(4) if (entry := outbox.lease(PART, largest_kept=PART))]

    assert leased == [urgent, first, second]


def test_a_lease_ends_when_it_is_let_go_and_the_cloud_may_know_the_capture_then(outbox: Outbox) -> None:
    put(outbox, b"1")
    first = outbox.lease(PART, largest_kept=PART)
    assert first is not None
    assert not first.announced

    outbox.release_all()

    second = outbox.lease(PART, largest_kept=PART)
    assert second is not None
    assert second.announced


def test_leases_end_with_the_process(tmp_path: Path) -> None:
    before = Outbox(tmp_path)
    put(before, b"1")
    assert before.lease(PART, largest_kept=PART)
    before.close()

    after = Outbox(tmp_path)
    assert after.lease(PART, largest_kept=PART) is None
    after.recover()

    assert after.lease(PART, largest_kept=PART)
    after.close()


def test_the_part_size_of_the_first_sending_stands_unless_it_is_too_large_by_now(outbox: Outbox) -> None:
    put(outbox, b"x" * 10_000)

    sizes = []
    for size, largest_kept in ((4096, 65536), (65536, 65536), (2048, 4096), (1024, 4095)):
        entry = outbox.lease(size, largest_kept=largest_kept)
        assert entry is not None
        sizes.append(entry.plan().part_size)
        outbox.release_all()

    assert sizes == [4096, 4096, 4096, 1024]


def test_the_longer_it_fails_the_later_it_comes(outbox: Outbox) -> None:
    capture_id = put(outbox, b"1")

    delays = [outbox.retry_later(capture_id, Delay.LINE, "no one listens") for _ in range(20)]

    assert outbox.lease(PART, largest_kept=PART) is None
    due = outbox.seconds_to_next()
    assert due is not None
    assert 0 < due <= delays[-1]
    assert delays[0] <= 2
    assert delays[5] > delays[0]
    assert max(delays) <= LONGEST_DELAY


def test_a_clock_that_is_set_back_holds_nothing_up(tmp_path: Path) -> None:
    times = [1_800_000_000.0]
    outbox = Outbox(tmp_path, clock=lambda: times[-1])
    capture_id = put(outbox, b"1")
    outbox.retry_later(capture_id, Delay.LINE, "no one listens")
    assert outbox.lease(PART, largest_kept=PART) is None

    times.append(1_000_000_000.0)

    assert outbox.seconds_to_next() == 0.0
    assert outbox.lease(PART, largest_kept=PART) is not None
    outbox.close()


def test_a_receipt_lets_the_payload_go_once(outbox: Outbox) -> None:
    capture = a_capture(b"1")
    capture_id = outbox.put(capture).capture_id
    assert outbox.unsettled_originals() == []

    assert outbox.stored(stored(capture_id, capture.sha256))
    assert not outbox.stored(stored(capture_id, capture.sha256))

    assert not outbox.spool.holds(capture_id)
    assert [(o.path, o.original_sha256) for o in outbox.unsettled_originals()] == [
        (capture.path, capture.original_sha256)
    ]
    outbox.settle([capture.path])
    assert outbox.unsettled_originals() == []


def test_a_duplicate_of_a_stored_capture_is_an_original_too(outbox: Outbox) -> None:
    capture = a_capture(b"1")
    capture_id = outbox.put(capture).capture_id
    outbox.stored(stored(capture_id, capture.sha256))
    outbox.settle([capture.path])

    outbox.put(a_capture(b"1", path=Path("/captures/copy.jpg")))

    assert [original.path.name for original in outbox.unsettled_originals()] == ["copy.jpg"]
    assert outbox.lease(PART, largest_kept=PART) is None


def test_a_receipt_for_other_bytes_or_of_nobody_is_no_receipt(outbox: Outbox) -> None:
    capture_id = put(outbox, b"1")

    with pytest.raises(ProtocolError, match="its bytes have"):
        outbox.stored(stored(capture_id, "0" * 64))
    with pytest.raises(ProtocolError, match="not in this outbox"):
        outbox.stored(stored(uuid4(), "0" * 64))

    assert outbox.spool.holds(capture_id)


def test_a_result_answers_its_capture_once(outbox: Outbox) -> None:
    capture = a_capture(b"1")
    capture_id = outbox.put(capture).capture_id
    outbox.stored(stored(capture_id, capture.sha256))
    entry = outbox.entry(capture_id)
    assert entry is not None
    result = a_prediction(entry)

    assert outbox.answered(result)
    assert not outbox.answered(result)

    assert outbox.counts().by_state == {OutboxState.ANSWERED: 1}
    assert [(shown.result, shown.path) for shown in outbox.results()] == [(result, capture.path)]


def test_a_result_before_the_receipt_does_not_let_the_payload_go(outbox: Outbox) -> None:
    capture_id = put(outbox, b"1")
    entry = outbox.entry(capture_id)
    assert entry is not None

    outbox.answered(a_prediction(entry))

    assert outbox.counts().waiting == 1
    assert outbox.spool.holds(capture_id)
    outbox.stored(stored(capture_id, entry.sha256))
    assert outbox.counts().by_state == {OutboxState.ANSWERED: 1}


def test_a_result_for_other_bytes_is_not_shown(outbox: Outbox) -> None:
    capture_id = put(outbox, b"1")
    entry = outbox.entry(capture_id)
    assert entry is not None

    with pytest.raises(ProtocolError, match="its bytes have"):
        outbox.answered(a_prediction(entry, sha256="0" * 64))

    assert outbox.results() == []


def test_a_parked_capture_waits_for_a_person_and_blocks_nothing(outbox: Outbox) -> None:
    bad, good = put(outbox, b"1"), put(outbox, b"2")
    outbox.lease(PART, largest_kept=PART)
    assert outbox.park(bad, "The cloud refused it: it shows nothing")

    entry = outbox.lease(PART, largest_kept=PART)
    assert entry is not None
    assert entry.capture_id == good
    assert outbox.counts().parked == 1

    assert outbox.retry(bad) == [bad]
    entry = outbox.lease(PART, largest_kept=PART)
    assert entry is not None
    assert entry.capture_id == bad
    assert entry.reason is None


def test_a_payload_that_vanished_is_told(tmp_path: Path) -> None:
    before = Outbox(tmp_path)
    capture_id = put(before, b"1")
    before.spool.remove(capture_id)
    before.close()

    after = Outbox(tmp_path)
    after.recover()

    entry = after.entry(capture_id)
    assert entry is not None
    assert entry.state is OutboxState.PARKED
    assert "take this capture again" in (entry.reason or "")
    assert after.retry() == []
    after.close()


def test_reannouncing_makes_everything_due(outbox: Outbox) -> None:
    put(outbox, b"1")
    late = put(outbox, b"2")
    outbox.lease(PART, largest_kept=PART)
    outbox.retry_later(late, Delay.DISTRUST, "no")

    outbox.reannounce_all()

    assert [outbox.lease(PART, largest_kept=PART) is not None for _ in range(3)] == [True, True, False]


def test_refused_files_are_listed_until_they_are_to_be_tried_again(outbox: Outbox) -> None:
    path, fingerprint = Path("/captures/broken.jpg"), Fingerprint(3, 1, 1)
    outbox.refuse(a_refusal(path, fingerprint))
    put(outbox, b"1")

    (file,) = outbox.refused_files()
    assert (file.path, file.kind, file.reason) == (path, RefusalKind.DAMAGED, "it is cut short")
    assert (outbox.counts().refused_files, outbox.counts().refused_by_kind) == (1, {RefusalKind.DAMAGED: 1})

    assert outbox.forget_refusals() == 1
    assert not outbox.is_known(path, fingerprint)
    assert outbox.is_known(a_capture(b"1").path, a_capture(b"1").fingerprint)


def test_alarms_are_kept_up_to_a_hundred(outbox: Outbox) -> None:
    for number in range(120):
        outbox.raise_alarm(f"alarm {number}")

    assert outbox.alarms(limit=1)[0].text == "alarm 119"
    assert len(outbox.alarms(limit=1000)) == 100


def test_its_id_and_whether_it_is_paused_outlive_a_restart(tmp_path: Path) -> None:
    before = Outbox(tmp_path)
    before.set_paused(paused=True)
    before.close()

    after = Outbox(tmp_path)

    assert after.outbox_id == before.outbox_id
    assert after.paused()
    after.close()
