"""Captures that are announced for the first time together: each is taken or refused for itself."""

from collections.abc import Collection
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.ingest.batch import Batch
from cloud_service.ingest.processor import Processor
from cloud_service.models import Base, Capture, CustodyEntry, StagedPart
from shared.messages import ReceiptOutcome
from shared.vocabulary import CaptureState
from tests.support.device_side import TestDevice, noise_image, receipts
from tests.support.processing import only, refusals


def test_one_that_the_database_does_not_take_costs_the_others_nothing(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice
) -> None:
    good = [device.capture(noise_image(number)) for number in (1, 2)]
    clone, twin = device.capture(noise_image(3)), device.capture(noise_image(1))
    messages = [
        *good[0].messages(),
        clone.announce(sequence=good[0].manifest.sequence),
        *clone.parts(),
        *twin.messages(),
        *good[1].messages(),
    ]
    found = receipts(processor.process(messages).replies)

    assert {capture.id for capture in good} == {
        id_ for id_, receipt in found.items() if receipt.outcome == ReceiptOutcome.STORED
    }
    # Which of two captures with one count, or of two with one content, came first is the order of their ids.
    for refused in (clone, twin):
        assert found[refused.id].outcome == ReceiptOutcome.REFUSED
        assert str(good[0].id) in (found[refused.id].reason or "")
    assert sum(refusals(engine).values()) == len({clone.id, twin.id})
    assert list(blobs.staged_captures()) == []
    with snapshot(engine) as session:
        assert set(session.scalars(select(Capture.id))) == {capture.id for capture in good}
        assert session.scalar(select(func.count()).select_from(StagedPart)) == 0


def test_each_has_its_own_times_on_its_trail(processor: Processor, engine: Engine, device: TestDevice) -> None:
    captures = [device.capture(noise_image(number)) for number in (1, 2)]
    processor.process([capture.announce() for capture in captures])
    with snapshot(engine) as session:
        rows = session.execute(select(CustodyEntry.capture_id, CustodyEntry.at)).all()
    assert {(capture_id, at) for capture_id, at in rows} == {
        (capture.id, at) for capture in captures for at in (capture.manifest.captured_at, capture.manifest.queued_at)
    }


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another replica writes after this one has looked: no capture is known when messages are handled."""

    def see_nothing(batch: Batch, table: type[Base], keys: Collection[UUID | str]) -> None:
        if table is Capture:
            batch.held.update(dict.fromkeys(keys))

    monkeypatch.setattr(Batch, "look_up", see_nothing)


@pytest.mark.usefixtures("blind")
def test_what_another_replica_has_written_meanwhile_is_gone_on_with(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    capture, other = device.capture(noise_image(1)), device.capture(noise_image(2))
    processor.process([capture.announce()])
    found = receipts(processor.process([*capture.messages(), *other.messages()]).replies)
    assert {receipt.outcome for receipt in found.values()} == {ReceiptOutcome.STORED}
    assert set(found) == {capture.id, other.id}
    assert refusals(engine) == {}


@pytest.mark.usefixtures("blind")
def test_what_contradicts_another_replicas_row_is_refused(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    processor.process([capture.announce()])
    receipt = only(processor, capture.announce(case="cd" * 16), *capture.parts())
    assert receipt.outcome == ReceiptOutcome.REFUSED
    assert "case_pseudonym" in (receipt.reason or "")
    with snapshot(engine) as session:
        assert session.get_one(Capture, capture.id).state == CaptureState.ANNOUNCED


def test_parts_are_held_to_the_plan_that_was_announced_last(processor: Processor, device: TestDevice) -> None:
    capture = device.capture(noise_image(1))
    size = capture.manifest.byte_size
    processor.process(capture.parts([1, 2]))
    receipt = only(processor, capture.announce(part_size=size, part_count=1), capture.announce(parts_follow=False))
    assert set(range(capture.manifest.part_count)) - set(receipt.missing) == {1, 2}
