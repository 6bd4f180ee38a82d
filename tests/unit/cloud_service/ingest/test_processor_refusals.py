"""What contradicts the announcement, speaks for another device or is noise: refused, with a reason, in few rows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DataError

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot, transaction
from cloud_service.ingest import admission
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.processor import Processor
from cloud_service.models import Capture, Device, now
from shared.identifiers import new_capture_id
from shared.messages import ReceiptOutcome
from tests.support.device_side import TestCapture, TestDevice, noise_image
from tests.support.processing import only, refusals


def with_count(part: Incoming, count: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(count) if name == "count" else value) for name, value in part.properties)


CONTRADICTIONS: dict[str, tuple[Callable[[TestCapture], Incoming], str]] = {
    "other case": (lambda capture: capture.announce(case="cd" * 16), "case_pseudonym"),
    "other digest": (lambda capture: capture.announce(sha256="0" * 64), "sha256"),
    "other time": (lambda capture: capture.announce(captured_at=now() - timedelta(days=1)), "captured_at"),
    "part count": (
        lambda capture: Incoming(
            capture.part(0).topic,
            capture.payload[:1000],
            with_count(capture.part(0), 99),
        ),
        "99 of them",
    ),
    "part length": (
        lambda capture: Incoming(
            capture.part(0).topic, b"", (("index", "0"), ("count", str(capture.manifest.part_count)), ("crc32", "0"))
        ),
        "has 0 bytes",
    ),
    "too many pixels": (lambda capture: capture.announce(width=10**9), "pixels"),
    "too many bytes": (
        lambda capture: capture.announce(byte_size=10**9, part_size=10**9, part_count=1),
        "bytes",
    ),
    "a NUL": (lambda capture: capture.announce(smear="a\0b"), "NUL"),
    "wrong version": (
        lambda capture: Incoming(capture.announce().topic, capture.announce().payload.replace(b'"v":1', b'"v":2')),
        "v:",
    ),
    "wrong count": (
        lambda capture: Incoming(
            capture.announce().topic,
            capture.announce().payload.replace(b'"part_count":', b'"part_count":1'),
        ),
        "part_count",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_contradicts_the_announcement_is_refused_with_a_reason(
    processor: Processor, engine: Engine, device: TestDevice, name: str
) -> None:
    wrong, reason = CONTRADICTIONS[name]
    capture = device.capture(noise_image(1))
    processor.process([capture.announce()])
    receipt = only(processor, wrong(capture))
    assert receipt.outcome == ReceiptOutcome.REFUSED
    assert reason in (receipt.reason or "")
    assert sum(refusals(engine).values()) == 1
    assert only(processor, *capture.messages()).outcome == ReceiptOutcome.STORED


def test_a_copied_disk_is_found_out(processor: Processor, device: TestDevice) -> None:
    first, second = device.capture(noise_image(1)), device.capture(noise_image(2))
    processor.process(first.messages())
    clone = second.announce(sequence=first.manifest.sequence)
    receipt = only(processor, clone)
    assert receipt.outcome == ReceiptOutcome.REFUSED
    assert str(first.id) in (receipt.reason or "")


def test_the_same_image_under_a_new_id_names_the_first(processor: Processor, device: TestDevice) -> None:
    first, second = device.capture(noise_image(1)), device.capture(noise_image(1))
    processor.process(first.messages())
    assert str(first.id) in (only(processor, *second.messages()).reason or "")


def test_a_device_cannot_speak_for_another_behind_the_broker_either(
    processor: Processor, engine: Engine, device: TestDevice, stranger: TestDevice
) -> None:
    capture = device.capture(noise_image(1))
    processor.process([capture.announce()])
    same_id = stranger.capture(noise_image(3), capture_id=capture.id)
    forged = [
        Incoming(stranger.address.announce(), capture.announce().payload),
        Incoming(stranger.address.part(capture.id, 0), capture.part(0).payload, capture.part(0).properties),
        Incoming(stranger.address.announce(), same_id.announce().payload),
        Incoming(stranger.address.status(), b"{}"),
    ]
    for reply in processor.process(forged).replies:
        assert reply.topic.startswith("smearflow/v1/south/scope-b/down/")
    assert sum(refusals(engine).values()) == len(forged)
    assert only(processor, *capture.parts()).outcome == ReceiptOutcome.STORED
    with snapshot(engine) as session:
        assert session.get_one(Capture, capture.id).device_id == "scope-a"


@pytest.mark.parametrize("topic", ["north/scope-x", "south/scope-a", "cloud/scope-a"])
def test_who_is_not_enrolled_there_is_refused(
    processor: Processor, engine: Engine, device: TestDevice, topic: str
) -> None:
    announce = device.capture(noise_image(1)).announce()
    processor.process([Incoming(announce.topic.replace("north/scope-a", topic), announce.payload)])
    assert sum(refusals(engine).values()) == 1
    with snapshot(engine) as session:
        assert session.scalar(select(func.count()).select_from(Capture)) == 0


def test_a_device_that_is_shut_out_is_refused(processor: Processor, engine: Engine, device: TestDevice) -> None:
    with transaction(engine) as session:
        session.get_one(Device, "scope-a").disabled_at = now()
    capture = device.capture(noise_image(1))
    assert processor.process(capture.messages()).inference is False
    assert refusals(engine) == {
        "The device is shut out; `smearflow device add` lets it in again.": len(capture.messages())
    }


def test_ten_thousand_messages_of_noise_are_a_few_rows(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice
) -> None:
    root = "smearflow/v1/north/scope-a/up"
    noise = [
        Incoming(topic, payload)
        for number in range(2000)
        for topic, payload in (
            (f"{root}/announce", b"\xff" * (number % 50)),
            (f"{root}/announce", f'{{"v": {number}}}'.encode()),
            (f"{root}/part/{new_capture_id()}/{number}", b"noise"),
            (f"{root}/shout/{number}", b"noise"),
            (f"{root}/ack/{number}", b"[]"),
        )
    ]
    for start in range(0, len(noise), 500):
        assert processor.process(noise[start : start + 500]).replies == []
    found = refusals(engine)
    assert sum(found.values()) == len(noise)
    assert len(found) < 60
    assert list(blobs.staged_captures()) == []
    capture = device.capture(noise_image(1))
    assert only(processor, *capture.messages()).outcome == ReceiptOutcome.STORED


def test_what_the_database_cannot_hold_is_refused_without_quoting_it(
    processor: Processor, engine: Engine, device: TestDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DataError("INSERT", {"smear": "A. Smith"}, ValueError("value too long\nDETAIL: A. Smith"))

    monkeypatch.setattr(admission, "stamp_each", fail)
    processor.process([device.capture(noise_image(1)).announce()])

    assert refusals(engine) == {"The database cannot hold what the message says: value too long.": 1}
