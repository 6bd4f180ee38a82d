"""shared/PROTOCOL.md is complete: every topic, message, field and word of the wire stands in it, and none beside."""

import re
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import pytest

from shared import messages, parts, topics
from shared.vocabulary import Label, PersonVerdict, Presence, Priority, RefusalKind, ReportStatus

DOCUMENT = (Path(messages.__file__).parent / "PROTOCOL.md").read_text()
MESSAGES = messages.Message.__subclasses__()


def section(message: type[messages.Message]) -> str:
    match = re.search(rf"^### `{message.__name__}`.*?(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert match, f"{message.__name__} has no section"
    return match.group()


@pytest.mark.parametrize("message", MESSAGES)
def test_every_field_is_described_and_no_other(message: type[messages.Message]) -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", section(message), re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(described) == sorted(message.model_fields.keys() - {"v"})


def test_every_message_of_the_document_exists() -> None:
    assert set(re.findall(r"^### `(\w+)`", DOCUMENT, re.MULTILINE)) == {message.__name__ for message in MESSAGES}


@pytest.mark.parametrize(
    "words",
    [
        messages.ReceiptOutcome,
        messages.ResultKind,
        messages.CommandAction,
        Label,
        PersonVerdict,
        Presence,
        Priority,
        RefusalKind,
        ReportStatus,
    ],
)
def test_every_word_of_the_wire_is_described(words: type[StrEnum]) -> None:
    assert [word for word in words if f"`{word}`" not in DOCUMENT] == []


def test_the_topics_of_the_document_are_those_that_the_code_builds() -> None:
    address, capture_id = topics.DeviceAddress("site", "device"), UUID(int=1)
    built = {
        address.status(),
        address.announce(),
        address.part(capture_id, 0),
        address.ack(capture_id),
        address.receipt(capture_id),
        address.result(capture_id),
        address.command(),
        topics.cloud_state("replica"),
    }
    assert len(built) == len(topics.UpKind) + len(topics.DownKind) + 1
    values = {"site": "site", "device": "device", "capture": str(capture_id), "index": "0", "replica": "replica"}
    listed = {row.format(**values) for row in re.findall(r"^\| `(smearflow/v1/[^`]*)`", DOCUMENT, re.MULTILINE)}
    assert listed == built


def test_the_numbers_of_the_document_are_those_of_the_code() -> None:
    for number in (parts.DEFAULT_PART_SIZE, parts.MAX_PARTS, parts.PART_OVERHEAD):
        assert f"{number:,}" in DOCUMENT
    for name in (parts.PROPERTY_INDEX, parts.PROPERTY_COUNT, parts.PROPERTY_CRC):
        assert f"`{name}`" in DOCUMENT
