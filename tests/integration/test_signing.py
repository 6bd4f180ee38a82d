"""Signing: what must be so before, and what a signature brings about."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, select

from cloud_service.blob_store import BlobStore
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.results import due
from cloud_service.models import AuditEntry, CustodyEntry, Delivery, Prediction
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, CustodyStage, PersonVerdict
from tests.support.reading import PSEUDONYM, Clinician, a_case, capture_ids, case_id_of, clinicians
from tests.support.web import MODEL_DIGEST, ApiServer, a_problem, add_analysed, add_capture

GREEN_CHECKS = 6
LARGE = "f" * 32


@pytest.fixture
def people(server_on_both: ApiServer) -> Iterator[list[Clinician]]:
    with clinicians(server_on_both, "a.bauer", "c.diaz") as people:
        yield people


def test_a_reading_that_agrees_with_the_model_becomes_a_final_report(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.9, 0.2)
    anna.claim(case_id).read(case_id, "suspicious", conclusion="Blasts.")
    anna.open(case_id)
    ready = anna.case(case_id)
    assert [check["passed"] for check in ready["checks"]] == [True] * GREEN_CHECKS

    signed = anna.sign(case_id)

    assert (signed["state"], signed["queue"], signed["held_by"]) == ("signed", "done", None)
    assert (signed["signed_by"], signed["version"]) == ("a.bauer", ready["version"] + 1)
    (report,) = signed["reports"]
    assert (report["number"], report["status"], report["signed_by"]) == (1, "final", "a.bauer")
    content = anna.get(f"/reports/{report['id']}")["content"]
    assert (content["verdict"], content["wording"]) == (
        "suspicious",
        "Suspicious: blast features seen in 1 of 2 images",
    )
    assert (content["model_answer"], content["conclusion"]) == ("suspicious", "Blasts.")
    assert [reading["reader"] for reading in content["readings"]] == ["a.bauer"]
    assert content["former_sha256"] is None
    assert "amend it" in a_problem(anna.asked_to_sign(case_id), 409)


def test_what_a_signature_brings_about(server_on_both: ApiServer, people: list[Clinician]) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.2, 0.1)
    anna.claim(case_id).read(case_id, "no_blast_features")
    (report,) = anna.sign(case_id)["reports"]

    with snapshot(server_on_both.engine) as session:
        results = [Result.model_validate(delivery.payload) for delivery in due(session, 0, 1, 10)]
        stages = session.execute(select(CustodyEntry.capture_id, CustodyEntry.stage)).all()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "diagnosis-signed")).one()
    assert {result.capture_id for result in results} == set(capture_ids(server_on_both))
    for result in results:
        assert (result.kind, result.verdict) == (ResultKind.DIAGNOSIS, PersonVerdict.NO_BLAST_FEATURES)
        assert (str(result.report_id), result.report_number, result.signed_by) == (report["id"], 1, "a.bauer")
    for capture_id in capture_ids(server_on_both):
        assert {CustodyStage.REVIEWED, CustodyStage.SIGNED} <= {stage for of, stage in stages if of == capture_id}
    assert (entry.actor, entry.subject) == ("a.bauer", str(case_id))
    assert (entry.details["report"], entry.details["sha256"]) == (report["id"], report["content_sha256"])


def test_every_check_stands_in_the_way_until_it_is_met(server_on_both: ApiServer, people: list[Clinician]) -> None:
    anna, carlos = people
    case_id = a_case(server_on_both, 0.9, 0.1, doubted=0.2, failed=True)
    assert "Claim the case" in anna.missing(case_id)[0]
    anna.claim(case_id)
    assert "a.bauer holds the case" in carlos.missing(case_id)[0]
    assert "a.bauer holds the case" in a_problem(carlos.asked_to_sign(case_id), 409)
    bright, _, doubted, failed = capture_ids(server_on_both)

    assert anna.missing(case_id) == [
        "Say what you find in the whole case.",
        "Open every suspicious image: 1 of 1 not yet opened.",
        "Give your verdict on 2 images: 1 whose answer is doubted, 1 whose analysis failed.",
    ]
    anna.read(case_id, "suspicious")
    anna.open(case_id, bright)
    anna.judge(case_id, doubted, "not_evaluable")
    told = a_problem(anna.asked_to_sign(case_id), 409)
    assert told.endswith("cannot be signed yet. Give your verdict on 1 image: 1 whose analysis failed.")
    anna.judge(case_id, failed, "cannot_say")
    assert anna.missing(case_id) == []

    anna.judge(case_id, bright, "no_blast_features")
    assert anna.missing(case_id) == [
        "You call the case suspicious, but no image: mark those in which you see blast features.",
        "Say why you differ from the model: 1 image.",
    ]
    anna.judge(case_id, bright, "suspicious")
    wrong = anna.ask("POST", case_id, "signature", confirmed_pseudonym="deadbeef")
    assert "nothing was signed" in a_problem(wrong, 409)
    assert anna.sign(case_id)["state"] == "signed"


def test_to_overrule_a_suspicious_image_takes_a_verdict_and_reasons(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.9, 0.1)
    anna.claim(case_id).read(case_id, "no_blast_features")
    anna.open(case_id)

    assert anna.missing(case_id) == [
        "Give your verdict on 1 image: 1 that the model calls suspicious.",
        "Say why you differ from the model: the case.",
    ]
    anna.judge(case_id, capture_ids(server_on_both)[0], "no_blast_features")
    assert anna.missing(case_id) == ["Say why you differ from the model: the case and 1 image."]


def test_a_suspicious_image_is_enough_against_no_blast_features(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.2, 0.1)
    first, _ = capture_ids(server_on_both)
    anna.claim(case_id).read(case_id, "no_blast_features")
    anna.judge(case_id, first, "suspicious", "A blast at the edge.")

    assert anna.missing(case_id) == [
        "Open every suspicious image: 1 of 1 not yet opened.",
        "You see no blast features in the case, but call an image suspicious, or none of them free of such.",
    ]


def test_an_old_version_signs_nothing(server_on_both: ApiServer, people: list[Clinician]) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.1)
    seen = anna.claim(case_id).case(case_id)["version"]
    anna.read(case_id, "no_blast_features")

    response = anna.ask("POST", case_id, "signature", version=seen, confirmed_pseudonym=PSEUDONYM[:8])

    assert "has changed since you loaded it" in a_problem(response, 409)
    assert anna.case(case_id)["reports"] == []


def test_a_signature_that_is_sent_twice_at_once_makes_one_report(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.1)
    version = anna.claim(case_id).read(case_id, "no_blast_features")["version"]
    address = f"/api/v1/cases/{case_id}/signature"
    signature = {"version": version, "confirmed_pseudonym": PSEUDONYM[:8]}

    with ThreadPoolExecutor(4) as threads:
        responses = threads.map(lambda _: anna.client.post(address, json=signature), range(4))

    assert sorted(response.status_code for response in responses) == [200, 409, 409, 409]
    assert len(anna.case(case_id)["reports"]) == 1
    with snapshot(server_on_both.engine) as session:
        assert len(session.scalars(select(Delivery)).all()) == 1


def test_an_answer_that_comes_while_the_pdf_is_drawn_stops_the_signature(
    server_on_both: ApiServer, people: list[Clinician], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_on_both
    anna, _ = people
    case_id = a_case(server, 0.1)
    anna.claim(case_id).read(case_id, "no_blast_features")
    put = type(server.blobs).put

    def put_late(blobs: BlobStore, sha256: str, data: bytes) -> None:
        put(blobs, sha256, data)
        if data.startswith(b"%PDF"):
            add_analysed(server, 7, 0.2, case_pseudonym=PSEUDONYM)

    monkeypatch.setattr(type(server.blobs), "put", put_late)
    assert "while you signed" in a_problem(anna.asked_to_sign(case_id), 409)
    monkeypatch.undo()

    assert anna.case(case_id)["reports"] == []
    assert anna.sign(case_id)["state"] == "signed"


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that any engine of this process runs meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


def test_a_large_case_is_signed_in_as_many_statements_as_a_small_one(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    small = a_case(server_on_both, 0.1)
    with transaction(server_on_both.engine) as session:
        changes = {"case_pseudonym": LARGE, "state": CaptureState.ANALYSED}
        captures = [add_capture(session, 10 + number, **changes) for number in range(500)]
        fields = {"model_digest": MODEL_DIGEST, "probability": 0.1, "label": "no_blast_features", "runtime": "test"}
        session.add_all(Prediction(id=uuid4(), capture_id=capture.id, **fields) for capture in captures)
        refresh_cases(session, captures)
    large = case_id_of(server_on_both, LARGE)

    counts = []
    for case_id in (small, large):
        version = anna.claim(case_id).read(case_id, "no_blast_features")["version"]
        confirmed = anna.case(case_id)["pseudonym"][:8]
        with counted() as statements:
            signed = anna.do("POST", case_id, "signature", version=version, confirmed_pseudonym=confirmed)
        counts.append(len(statements))

    content = anna.get(f"/reports/{signed['reports'][0]['id']}")["content"]
    assert content["wording"] == "No blast features seen in 500 images"
    assert counts[1] < counts[0] * 2, "many rows go into one statement, or into a few"
