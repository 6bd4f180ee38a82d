"""A capture whose parts are cut anew between two announcements, as the broker or the line take smaller ones only."""

import pytest
from sqlalchemy import Engine, func, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.processor import Processor
from cloud_service.models import WireRefusal
from shared.messages import Receipt, ReceiptOutcome
from tests.support.device_side import TestCapture, TestDevice, noise_image, receipts


def cut_anew(device: TestDevice, coarse: TestCapture, part_size: int) -> TestCapture:
    """The same capture as the device announces it once more, in parts of another size."""
    manifest = coarse.manifest.model_copy(
        update={"part_size": part_size, "part_count": -(-len(coarse.payload) // part_size)}
    )
    return TestCapture(device.address, coarse.payload, manifest)


def answer(processor: Processor, *messages: Incoming) -> Receipt | None:
    return next(iter(receipts(processor.process(messages).replies).values()), None)


@pytest.mark.parametrize("part_size", [700, 2300, 4999, 100_000])
def test_parts_of_the_former_plan_are_dropped_and_the_capture_is_assembled(
    processor: Processor, blobs: BlobStore, device: TestDevice, part_size: int
) -> None:
    coarse = device.capture(noise_image(1), part_size=5000)
    fine = cut_anew(device, coarse, part_size)
    processor.process([coarse.announce(), coarse.part(0)])

    asked = answer(processor, fine.announce(parts_follow=False))
    assert asked is not None
    assert asked.missing == tuple(range(fine.manifest.part_count))

    stored = answer(processor, *fine.parts())
    assert stored is not None
    assert stored.outcome == ReceiptOutcome.STORED
    assert blobs.get(coarse.manifest.sha256) == coarse.payload


@pytest.mark.parametrize("part_size", [700, 2300, 4999, 100_000])
def test_parts_of_the_former_plan_that_come_late_refuse_nothing(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice, part_size: int
) -> None:
    coarse = device.capture(noise_image(1), part_size=5000)
    fine = cut_anew(device, coarse, part_size)
    processor.process([coarse.announce(), coarse.part(0), fine.announce(), *fine.parts()[:-1]])

    assert answer(processor, *coarse.parts()) is None
    stored = answer(processor, fine.parts()[-1])

    assert stored is not None
    assert stored.outcome == ReceiptOutcome.STORED
    assert blobs.get(coarse.manifest.sha256) == coarse.payload
    with snapshot(engine) as session:
        assert session.scalar(select(func.count()).select_from(WireRefusal)) == 0
