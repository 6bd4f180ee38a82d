import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.errors import ProtocolError
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.messages import Ack, Announce, CloudState, Command, DeviceStatus, Message, Receipt, Result
from tests.support.messages import an_announce

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CAPTURE_ID = new_capture_id()
DIGEST = sha256_of_bytes(b"capture")
EXAMPLES: list[Message] = [
    an_announce(b"capture"),
    DeviceStatus(
        site="north",
        device="scope-1",
        state="online",
        session=uuid4(),
        agent_version="1",
        sent_at=NOW,
        outbox_depth=0,
        parked=0,
        free_disk_bytes=1,
    ),
    Receipt(capture_id=CAPTURE_ID, outcome="stored", sha256=DIGEST),
    Receipt(capture_id=CAPTURE_ID, outcome="missing", missing=(0, 3)),
    Receipt(capture_id=CAPTURE_ID, outcome="refused", reason="No image."),
    Result(
        delivery_id=uuid4(), capture_id=CAPTURE_ID, sha256=DIGEST, kind="prediction", probability=0.5, created_at=NOW
    ),
    Ack(capture_id=CAPTURE_ID, delivery_id=uuid4(), shown_at=NOW),
    Command(command_id=uuid4(), action="pause", issued_at=NOW),
    CloudState(state="online", shard=0, shard_count=1, since=NOW),
]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_what_is_encoded_is_decoded_and_names_its_version(message: Message) -> None:
    assert type(message).decode(message.encode()) == message
    assert json.loads(message.encode())["v"] == 1


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ({}, {}),
        ({"refused_by_kind": {"damaged": 2, "upside_down": 1}}, {"damaged": 2}),
        ({"refused_by_kind": {"upside_down": "many"}}, {}),
        ({"refused_by_kind": {"damaged": 2, "empty": 2}}, {"damaged": 2, "empty": 2}),  # more than refused_files
    ],
    ids=["an older device", "a newer device", "a newer device's own way", "a device that miscounts"],
)
def test_kinds_that_are_not_known_or_do_not_add_up_leave_a_devices_health_told(
    told: dict[str, object], understood: dict[str, int]
) -> None:
    status = DeviceStatus.decode(json.dumps({**json.loads(EXAMPLES[1].encode()), "refused_files": 3, **told}).encode())
    assert (status.refused_files, status.refused_by_kind) == (3, understood)


@pytest.mark.parametrize("wrong", [{"damaged": -1}, {"damaged": "many"}, ["damaged"]])
def test_kinds_that_are_no_counts_are_refused(wrong: object) -> None:
    told = {**json.loads(EXAMPLES[1].encode()), "refused_by_kind": wrong}
    with pytest.raises(ProtocolError, match="refused_by_kind"):
        DeviceStatus.decode(json.dumps(told).encode())


def test_an_older_sides_result_is_not_doubted_and_a_doubt_comes_before_the_answer() -> None:
    result = EXAMPLES[5]
    assert isinstance(result, Result)
    told = {**json.loads(result.encode()), "label": "no_blast_features"}
    del told["doubts"]
    assert Result.decode(json.dumps(told).encode()).answer == "No blast features seen"
    doubted = Result.decode(json.dumps({**told, "doubts": ["Undecided.", "Blurred."]}).encode())
    assert doubted.answer == "Cannot say. Undecided. Blurred. The model's own answer: No blast features seen"


def test_a_signed_diagnosis_says_who_signed_which_report_and_an_older_sides_says_what_it_can() -> None:
    told = {**json.loads(EXAMPLES[5].encode()), "kind": "diagnosis", "label": "suspicious"}
    assert Result.decode(json.dumps(told).encode()).diagnosis == "Suspicious: blast features seen"
    told |= {"verdict": "cannot_say", "report_number": 2, "report_status": "amended", "signed_by": "a.bauer"}
    assert Result.decode(json.dumps(told).encode()).diagnosis == (
        "Cannot say: a new smear is wanted (report 2, amended, signed by a.bauer)"
    )


def test_a_newer_sides_extra_field_is_ignored() -> None:
    ack = EXAMPLES[6]
    assert Ack.decode(json.dumps({**json.loads(ack.encode()), "colour": "red"}).encode()) == ack


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "v"),
        ({"part_count": 2}, "part_count is 2, the sizes give 1"),
        ({"part_size": 0}, "part_size"),
        ({"byte_size": 10**12}, "parts"),
        ({"sha256": "xyz"}, "sha256"),
        ({"sequence": 0}, "sequence"),
        ({"captured_at": "2026-11-22T10:00:00"}, "captured_at"),
        ({"case": "H26-1234"}, "case"),
        ({"media_type": "image/gif"}, "media_type"),
        ({"site": "a/b"}, "site"),
    ],
)
def test_a_wrong_announce_is_refused_with_the_field_that_is_wrong(change: dict[str, object], reason: str) -> None:
    fields = {**json.loads(an_announce(b"capture").encode()), **change}
    with pytest.raises(ProtocolError, match=reason):
        Announce.decode(json.dumps(fields).encode())


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"{", b"[]", b"null", b'{"v": 1}'])
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="Announce cannot be read"):
        Announce.decode(payload)


@pytest.mark.parametrize("outcome", ["stored", "missing", "refused"])
def test_a_receipt_carries_what_its_outcome_needs(outcome: str) -> None:
    payload = json.dumps({"v": 1, "capture_id": str(UUID(int=1)), "outcome": outcome}).encode()
    with pytest.raises(ProtocolError, match=f"a receipt that says {outcome} needs"):
        Receipt.decode(payload)
