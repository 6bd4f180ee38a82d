"""A batch from beginning to end: what is stored, what is answered, what is refused."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.models import Capture, Case, CustodyEntry, Event, InferenceJob, StagedPart
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes
from shared.messages import Receipt, ReceiptOutcome
from shared.vocabulary import CaptureState, CustodyStage
from tests.support.device_side import TestCapture, TestDevice, noise_image, receipts
from tests.support.processing import only, refusals


def test_a_capture_whose_parts_are_all_there_is_stored_with_its_job(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    outcome = processor.process(capture.messages())
    receipt = receipts(outcome.replies)[capture.id]
    assert (receipt.outcome, receipt.sha256) == (ReceiptOutcome.STORED, capture.manifest.sha256)
    assert (outcome.inference, outcome.changes) == (True, True)
    assert blobs.get(capture.manifest.sha256) == capture.payload
    assert list(blobs.staged_captures()) == []
    with snapshot(engine) as session:
        row = session.get_one(Capture, capture.id)
        assert (row.state, row.device_id, row.received_at is not None) == (CaptureState.STORED, "scope-a", True)
        assert session.get_one(InferenceJob, capture.id).state == "waiting"
        assert set(session.scalars(select(CustodyEntry.stage))) == {
            CustodyStage.CAPTURED,
            CustodyStage.QUEUED,
            CustodyStage.RECEIVED,
        }
        events = session.scalars(select(Event).order_by(Event.position)).all()
        assert [event.kind for event in events] == [EventKind.CAPTURE, EventKind.CASE]
        assert events[0].subject == str(capture.id)
        assert session.scalar(select(func.count()).select_from(StagedPart)) == 0


def test_a_capture_may_come_over_many_batches(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    for message in capture.messages()[:-1]:
        assert processor.process([message]).replies == []
    assert only(processor, capture.messages()[-1]).outcome == ReceiptOutcome.STORED


def test_parts_before_the_announcement_count(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    assert processor.process(capture.parts()).replies == []
    assert only(processor, capture.announce()).outcome == ReceiptOutcome.STORED


def test_parts_before_the_announcement_that_do_not_fit_are_asked_for(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    coarse = device.capture(noise_image(1), part_size=2000, capture_id=capture.id)
    processor.process([*coarse.parts([0]), *capture.parts([2, 3])])
    receipt = only(processor, capture.announce(parts_follow=False))
    assert set(range(capture.manifest.part_count)) - set(receipt.missing) == {2, 3}


def test_who_asks_is_told_what_is_missing(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    processor.process([capture.announce(), *capture.parts([0, 2])])
    receipt = only(processor, capture.announce(parts_follow=False))
    assert receipt.outcome == ReceiptOutcome.MISSING
    assert set(receipt.missing) == set(range(capture.manifest.part_count)) - {0, 2}


def test_everything_twice_is_stored_once(processor: Processor, engine: Engine, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    for _ in range(2):
        assert only(processor, *capture.messages(), *capture.messages()).outcome == ReceiptOutcome.STORED
    with snapshot(engine) as session:
        for table in (Capture, InferenceJob, Case):
            assert session.scalar(select(func.count()).select_from(table)) == 1
        assert sorted(session.scalars(select(Event.kind))) == [EventKind.CAPTURE, EventKind.CASE]


def test_a_stored_capture_is_confirmed_again(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    processor.process(capture.messages())
    assert only(processor, capture.announce(parts_follow=False)).outcome == ReceiptOutcome.STORED


def test_a_part_that_was_altered_on_its_way_is_asked_for(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    good = capture.part(1)
    bad = Incoming(good.topic, b"x" + good.payload[1:], good.properties)
    receipt = only(processor, capture.announce(), bad)
    assert (receipt.outcome, receipt.missing) == (ReceiptOutcome.MISSING, (1,))
    assert any("altered" in reason for reason in refusals(engine))
    assert only(processor, *capture.parts()).outcome == ReceiptOutcome.STORED


def test_a_wrong_digest_is_refused_and_a_second_sending_succeeds(
    processor: Processor, blobs: BlobStore, device: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    altered = TestCapture(capture.address, bytes(reversed(capture.payload)), capture.manifest)
    receipt = only(processor, *altered.messages())
    assert receipt.outcome == ReceiptOutcome.REFUSED
    assert sha256_of_bytes(altered.payload) in (receipt.reason or "")
    assert list(blobs.digests()) == []
    asked = only(processor, capture.announce(parts_follow=False))
    assert asked.missing == tuple(range(capture.manifest.part_count))
    assert only(processor, *capture.parts()).outcome == ReceiptOutcome.STORED


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"this is no image at all", "text"),
        (noise_image(1)[:-200], "decoded to its end"),
        (noise_image(1, size=(60, 48)), "60 x 48"),
        (noise_image(1, image_format="JPEG"), "image/jpeg"),
        (noise_image(1, size=(20, 20)), "at least 32"),
        (noise_image(1, image_format="BMP"), "damaged"),
    ],
)
def test_what_is_no_image_is_refused_for_good_and_the_rest_goes_on(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice, payload: bytes, reason: str
) -> None:
    bad, good = device.capture(payload), device.capture(noise_image(2))
    found = receipts(processor.process([*bad.messages(), *good.messages()]).replies)
    assert found[bad.id].outcome == ReceiptOutcome.REFUSED
    assert reason in (found[bad.id].reason or "")
    assert found[good.id].outcome == ReceiptOutcome.STORED
    assert list(blobs.digests()) == [good.manifest.sha256]
    assert only(processor, bad.announce(parts_follow=False)).reason == found[bad.id].reason
    with snapshot(engine) as session:
        assert session.get_one(Capture, bad.id).state == CaptureState.REFUSED
        assert session.get(InferenceJob, bad.id) is None


def test_a_person_may_try_a_refused_capture_again(engine: Engine, blobs: BlobStore, device: TestDevice) -> None:
    small = Settings(decode_memory_bytes=1 << 30, capture_max_pixels=64 * 48)
    strict, lenient = Decoder(small.model_copy(update={"capture_max_pixels": 100})), Decoder(small)
    capture = device.capture(noise_image(1))
    assert only(Processor(engine, blobs, strict, small), *capture.messages()).outcome == ReceiptOutcome.REFUSED
    again = Processor(engine, blobs, lenient, small)
    assert only(again, capture.announce(parts_follow=False)).outcome == ReceiptOutcome.REFUSED
    assert only(again, *capture.messages()).outcome == ReceiptOutcome.STORED
    strict.close()
    lenient.close()


def test_two_devices_may_have_the_same_image(
    processor: Processor, blobs: BlobStore, device: TestDevice, stranger: TestDevice
) -> None:
    first, second = device.capture(noise_image(1)), stranger.capture(noise_image(1))
    found = receipts(processor.process([*first.messages(), *second.messages()]).replies)
    assert {receipt.outcome for receipt in found.values()} == {ReceiptOutcome.STORED}
    assert list(blobs.digests()) == [first.manifest.sha256]


def test_early_parts_are_bounded(
    processor: Processor, engine: Engine, device: TestDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_service.ingest.staging.EARLY_PARTS", 3)
    capture = device.capture(noise_image(1))
    processor.process(capture.parts([0, 1]))
    processor.process(capture.parts([2, 3, 4]))
    assert refusals(engine) == {
        "Too many parts came before their announcements; announce first, then send the rest.": 2
    }
    receipt = only(processor, capture.announce(parts_follow=False))
    assert set(receipt.missing) == set(range(3, capture.manifest.part_count))


def test_staged_bytes_that_a_crash_swallowed_are_asked_for(
    processor: Processor, blobs: BlobStore, device: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    processor.process([capture.announce(), *capture.parts(range(capture.manifest.part_count - 1))])
    blobs.discard(capture.id)
    receipt = only(processor, capture.part(capture.manifest.part_count - 1))
    assert receipt.missing == tuple(range(capture.manifest.part_count - 1))
    assert only(processor, *capture.parts(receipt.missing)).outcome == ReceiptOutcome.STORED


class Away:
    """A blob store of which one verb fails while `away`."""

    def __init__(self, real: BlobStore, verb: str) -> None:
        self._real, self._verb, self.away = real, verb, True

    def __getattr__(self, name: str) -> Any:
        if name == self._verb and self.away:
            raise TransientError("the disk is full")
        return getattr(self._real, name)


@pytest.mark.parametrize(("verb", "batches"), [("stage", 2), ("staged", 2), ("put", 2), ("put", 1)])
def test_a_blob_store_that_is_away_is_no_fault_of_the_message(
    engine: Engine, blobs: BlobStore, decoder: Decoder, device: TestDevice, verb: str, batches: int
) -> None:
    messages = device.capture(noise_image(1)).messages()
    failing: Any = Away(blobs, verb)
    processor = Processor(engine, failing, decoder, Settings())

    def send() -> Receipt:
        if batches > 1:
            processor.process(messages[:-1])
        return only(processor, *messages[-1:] if batches > 1 else messages)

    with pytest.raises(TransientError, match="disk is full"):
        send()
    assert refusals(engine) == {}
    failing.away = False
    assert send().outcome == ReceiptOutcome.STORED


def test_what_came_whole_in_one_batch_never_goes_through_the_staging_area(
    engine: Engine, blobs: BlobStore, decoder: Decoder, device: TestDevice
) -> None:
    failing: Any = Away(blobs, "stage")
    capture = device.capture(noise_image(1))
    shuffled = [capture.announce(), *reversed(capture.parts(range(capture.manifest.part_count)))]
    assert only(Processor(engine, failing, decoder, Settings()), *shuffled).outcome == ReceiptOutcome.STORED
    assert blobs.get(capture.manifest.sha256) == noise_image(1)


def test_staged_parts_that_cannot_be_cleared_away_do_not_undo_a_capture(
    engine: Engine, blobs: BlobStore, decoder: Decoder, device: TestDevice
) -> None:
    failing: Any = Away(blobs, "discard")
    capture = device.capture(noise_image(1))
    processor = Processor(engine, failing, decoder, Settings())
    assert only(processor, *capture.messages()).outcome == ReceiptOutcome.STORED


def test_a_database_that_is_away_is_transient(processor: Processor, engine: Engine, device: TestDevice) -> None:
    with transaction(engine) as session:
        session.execute(text("ALTER TABLE capture RENAME TO hidden"))
    with pytest.raises(TransientError, match="database") as raised:
        processor.process([device.capture(noise_image(1)).announce(smear="a name that must not be logged")])
    assert "must not be logged" not in str(raised.value)
    with pytest.raises(OperationalError), snapshot(engine) as session:
        session.scalars(select(Capture)).all()
