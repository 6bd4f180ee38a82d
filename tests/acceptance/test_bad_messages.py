"""Messages that break the protocol, from an enrolled device: each is refused by name, and nothing else suffers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cloud_service.local_stack.stack import DEVICE, SITE
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.messages import Receipt, ReceiptOutcome
from shared.topics import DeviceAddress, DownKind, parse_down
from tests.support.device_side import TestCapture, TestDevice, noise_image
from tests.support.mqtt import MqttClient
from tests.support.photographs import take
from tests.support.stack import RunningStack, answered, running_stack, until
from tests.support.waiting import PATIENCE
from tests.support.workstation import status_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

ROGUE = DeviceAddress(SITE, "microscope-rogue")
NOISE = 10_000
NOT_AUTHORIZED = 0x87
MOST_ROWS = 60


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("bad-messages")) as running:
        yield running
        assert running.restarts() == {}


@pytest.fixture(scope="module")
def password(stack: RunningStack) -> str:
    return str(stack.command("device", "add", ROGUE.site, ROGUE.device, "--json")["password"])


class Rogue:
    """A program with a device's credentials that sends what it likes and hears what comes back."""

    def __init__(self, client: MqttClient) -> None:
        self.client = client
        self.device = TestDevice(ROGUE)

    def send(self, message: Any, *, payload: bytes | None = None, topic: str | None = None) -> int:
        """Publish; returns the broker's reason code."""
        told = self.client.publish(topic or message.topic, payload or message.payload, properties=message.properties)
        return int(told.value)

    def receipt_for(self, capture: TestCapture) -> Receipt:
        """The next receipt for this capture; words on others, and results, are passed over."""
        while True:
            message = self.client.next()
            if parse_down(message.topic).kind is not DownKind.RECEIPT:
                continue
            receipt = Receipt.decode(message.payload)
            if receipt.capture_id == capture.id:
                return receipt

    def refused(self, capture: TestCapture) -> str:
        receipt = self.receipt_for(capture)
        assert receipt.outcome == ReceiptOutcome.REFUSED
        return str(receipt.reason)


@pytest.fixture
def rogue(stack: RunningStack, password: str) -> Iterator[Rogue]:
    port = stack.row("mosquitto")["ports"][0]
    with MqttClient(port, ROGUE.device, password) as client:
        client.subscribe(ROGUE.all_down())
        yield Rogue(client)


def refusals(stack: RunningStack) -> dict[tuple[str, str], int]:
    """What the cloud says it refused: how often, by the kind of topic and the reason."""
    with stack.api() as client:
        rows = client.get("/api/v1/refusals", params={"limit": 500}).json()["refusals"]
    return {(row["topic"].rpartition("/")[2], row["reason"]): row["count"] for row in rows}


def await_refusal(stack: RunningStack, kind: str, words: str) -> None:
    until(
        lambda: any(topic == kind and words in reason for topic, reason in refusals(stack)),
        PATIENCE,
        f"{kind}: {words!r}",
    )


def test_announcements_that_cannot_be_read(stack: RunningStack, rogue: Rogue) -> None:
    announce = rogue.device.capture(noise_image(1)).announce()
    rogue.send(announce, payload=b"{ this is no JSON")
    await_refusal(stack, "announce", "Invalid JSON")
    rogue.send(announce, payload=b"\xff\xfe\x00")
    rogue.send(announce, payload=b"[]")
    await_refusal(stack, "announce", "Input should be an object")


def test_an_announcement_of_another_version(rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(2))
    rogue.send(capture.announce(), payload=capture.announce().payload.replace(b'"v":1', b'"v":2'))
    assert "v: Input should be 1" in rogue.refused(capture)


def test_an_announcement_with_a_wrong_part_count(rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(3))
    count = capture.manifest.part_count
    rogue.send(capture.announce(part_count=count + 1))
    assert f"part_count is {count + 1}, the sizes give {count}" in rogue.refused(capture)


def test_an_announcement_for_another_device(stack: RunningStack, rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(4), device=DEVICE)
    rogue.send(capture.announce())
    assert rogue.refused(capture) == "The announcement names another device than its topic."
    assert stack.rows("SELECT id FROM capture WHERE id = ?", capture.id.hex) == []


def test_parts_out_of_range_of_another_count_and_of_a_wrong_length(stack: RunningStack, rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(5))
    rogue.send(capture.announce())
    count, part = capture.manifest.part_count, capture.part(0)
    wrong_count = type(part)(part.topic, part.payload, _with(part.properties, count=count + 7))
    rogue.send(wrong_count)
    assert f"{count + 7} of them; {count} were announced" in rogue.refused(capture)
    rogue.send(type(part)(ROGUE.part(capture.id, count), part.payload, _with(part.properties, index=count)))
    await_refusal(stack, "part", "is out of range")
    last = capture.part(count - 1)
    rogue.send(type(part)(part.topic, last.payload, _with(last.properties, index=0)))
    assert "by the announcement it has 1000" in rogue.refused(capture)
    rogue.send(type(part)(part.topic, part.payload))
    await_refusal(stack, "part", "lacks a whole number")


def _with(properties: tuple[tuple[str, str], ...], **changes: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(changes.get(name, value))) for name, value in properties)


def test_an_altered_part_is_asked_for_again(stack: RunningStack, rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(6))
    first, *others = capture.parts()
    rogue.send(capture.announce())
    rogue.send(first, payload=first.payload[:-1] + bytes([first.payload[-1] ^ 1]))
    receipt = rogue.receipt_for(capture)
    assert (receipt.outcome, receipt.missing) == (ReceiptOutcome.MISSING, (0,))
    await_refusal(stack, "part", "was altered on its way")
    for part in (first, *others):
        rogue.send(part)
    assert rogue.receipt_for(capture).outcome == ReceiptOutcome.STORED


def test_bytes_that_are_not_what_was_announced(rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(7), sha256=sha256_of_bytes(b"something else"))
    for message in capture.messages():
        rogue.send(message)
    assert "Arrived altered" in rogue.refused(capture)


def test_bytes_that_are_no_image(stack: RunningStack, rogue: Rogue) -> None:
    capture = rogue.device.capture(b"no image at all, however long one looks at it" * 50)
    for message in capture.messages():
        rogue.send(message)
    assert "The image cannot be used: " in rogue.refused(capture)
    with stack.api() as client:
        assert client.get(f"/api/v1/captures/{capture.id}").json()["state"] == "refused"


def test_parts_before_their_announcement_are_kept_for_it(rogue: Rogue) -> None:
    capture = rogue.device.capture(noise_image(8))
    for message in (*capture.parts(), capture.announce()):
        rogue.send(message)
    receipt = rogue.receipt_for(capture)
    assert (receipt.outcome, receipt.sha256) == (ReceiptOutcome.STORED, capture.manifest.sha256)


def test_topics_of_another_device(stack: RunningStack, password: str) -> None:
    port = stack.row("mosquitto")["ports"][0]
    other, capture = DeviceAddress(SITE, DEVICE), new_capture_id()
    for topic in (other.announce(), other.part(capture, 0), other.receipt(capture), ROGUE.receipt(capture)):
        # A connection each: Mosquitto 2.0.11 answers a denied publish, and then cuts the connection.
        with MqttClient(port, ROGUE.device, password) as client:
            assert client.publish(topic, b"forged").value == NOT_AUTHORIZED
    with MqttClient(port, ROGUE.device, password) as client:
        assert client.subscribe(other.all_down()).value == NOT_AUTHORIZED
        assert client.subscribe("$share/ingest/smearflow/v1/#").value == NOT_AUTHORIZED


def test_a_topic_that_is_none_of_the_protocols(stack: RunningStack, rogue: Rogue) -> None:
    rogue.client.publish(f"{ROGUE.announce()}/more", b"{}")
    await_refusal(stack, "announce", "is none of the protocol's")


def test_ten_thousand_messages_of_noise_hold_up_no_capture(
    stack: RunningStack, rogue: Rogue, crops: list[Path]
) -> None:
    before = sum(refusals(stack).values())
    for number in range(NOISE // 2):
        rogue.client.send(ROGUE.announce(), f"noise {number}".encode() * 10)
    photograph = take(crops[0], stack.captures, "H26-0007")
    for number in range(NOISE // 2):
        rogue.client.send(f"{ROGUE.announce()}/{number}/{new_capture_id()}", bytes(100))
    until(lambda: len(answered(stack.edge_listing())) == 1, PATIENCE, "the capture is diagnosed")
    for _ in range(NOISE):
        rogue.client.answer()
    until(lambda: sum(refusals(stack).values()) == before + NOISE, PATIENCE, "every message of noise is counted")

    assert len(stack.rows("SELECT id FROM wire_refusal")) < MOST_ROWS
    listing = stack.edge_listing()
    assert [Path(capture["files"][0]).name for capture in listing["captures"]] == [photograph.name]
    assert status_of(stack.edge_config)[0] == 0
    stored = {UUID(hex=capture_id) for (capture_id,) in stack.rows("SELECT id FROM capture WHERE state = 'analysed'")}
    assert UUID(listing["captures"][0]["capture_id"]) in stored
