"""Second reads where a person differs from the model, and amendments of signed reports."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot
from cloud_service.delivery.results import due
from cloud_service.models import CustodyEntry, Delivery
from shared.messages import Result
from shared.vocabulary import CustodyStage
from tests.support.reading import DOUBT, PSEUDONYM, Clinician, a_case, capture_ids, clinicians
from tests.support.web import ApiServer, a_problem, add_analysed


@pytest.fixture
def people(server_on_both: ApiServer) -> Iterator[list[Clinician]]:
    with clinicians(server_on_both, "a.bauer", "c.diaz") as people:
        yield people


def disagree(anna: Clinician, server: ApiServer) -> UUID:
    """Let the first reader see blasts where the model saw none."""
    case_id = a_case(server, 0.2, 0.1)
    first, _ = capture_ids(server)
    anna.claim(case_id).read(case_id, "suspicious", reason="A blast at the edge.", conclusion="Anna's conclusion.")
    anna.judge(case_id, first, "suspicious", "Here.")
    anna.open(case_id, first)
    return case_id


def test_a_first_reader_who_differs_from_the_model_brings_a_second_read(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = disagree(anna, server_on_both)

    waiting = anna.sign(case_id)

    assert (waiting["reports"], waiting["second_read"], waiting["held_by"]) == ([], True, None)
    assert (waiting["state"], waiting["queue"], waiting["signed_by"]) == ("preliminary", "review", None)
    with snapshot(server_on_both.engine) as session:
        stages = set(session.scalars(select(CustodyEntry.stage)))
        assert session.scalars(select(Delivery)).all() == []
    assert CustodyStage.REVIEWED in stages
    assert CustodyStage.SIGNED not in stages
    a_problem(anna.ask("POST", case_id, "claim"), 409)
    assert "another person" in anna.missing(case_id)[0]


@pytest.mark.parametrize("verdict", ["suspicious", "no_blast_features"])
def test_another_person_decides_and_the_report_names_both(
    server_on_both: ApiServer, people: list[Clinician], verdict: str
) -> None:
    anna, carlos = people
    case_id = disagree(anna, server_on_both)
    anna.sign(case_id)
    first, _ = capture_ids(server_on_both)

    carlos.claim(case_id).read(case_id, verdict, reason="I have looked, too.")
    if verdict == "suspicious":
        assert "mark those" in " ".join(carlos.missing(case_id)), "the first reader's verdicts are not his"
        carlos.judge(case_id, first, "suspicious", "There.")
        carlos.open(case_id, first)
    signed = carlos.sign(case_id)

    (report,) = signed["reports"]
    assert (signed["second_read"], signed["queue"], signed["signed_by"]) == (False, "done", "c.diaz")
    content = anna.get(f"/reports/{report['id']}")["content"]
    told = [(reading["reader"], reading["verdict"]) for reading in content["readings"]]
    assert told == [("a.bauer", "suspicious"), ("c.diaz", verdict)]
    assert content["verdict"] == verdict
    assert all(reading["signed_at"] for reading in content["readings"])


def test_amendments_name_what_they_replace_and_all_stay(server_on_both: ApiServer, people: list[Clinician]) -> None:
    anna, carlos = people
    case_id = a_case(server_on_both, 0.9, 0.1)
    bright, _ = capture_ids(server_on_both)
    assert "no report yet" in a_problem(anna.asked_to_amend(case_id, "suspicious"), 409)
    anna.claim(case_id).read(case_id, "suspicious")
    anna.open(case_id)
    anna.sign(case_id)

    reworded = anna.asked_to_amend(case_id, "suspicious", conclusion="A typing error is mended.")
    assert reworded.status_code == 200, reworded.text
    refused = a_problem(carlos.asked_to_amend(case_id, "no_blast_features"), 409)
    assert "Open every suspicious image: 1 of 1" in refused
    assert "1 that the model calls suspicious" in refused
    carlos.claim(case_id)
    assert "c.diaz holds the case" in a_problem(anna.asked_to_amend(case_id, "suspicious"), 409)
    carlos.open(case_id, bright)
    carlos.judge(case_id, bright, "no_blast_features", "Lymphocytes of a viral infection.")
    amended = carlos.asked_to_amend(case_id, "no_blast_features").json()

    assert (amended["state"], amended["queue"], amended["held_by"]) == ("amended", "done", None)
    reports = amended["reports"]
    assert [(report["number"], report["status"]) for report in reports] == [
        (1, "final"),
        (2, "amended"),
        (3, "amended"),
    ]
    contents = [anna.get(f"/reports/{report['id']}")["content"] for report in reports]
    assert [content["former_sha256"] for content in contents] == [None, *(r["content_sha256"] for r in reports[:2])]
    assert (contents[2]["signed_by"], contents[2]["amendment_reason"]) == ("c.diaz", "A slide was confused.")
    assert [reading["reader"] for reading in contents[2]["readings"]] == ["a.bauer", "a.bauer", "c.diaz"]
    assert contents[0]["verdict"] == "suspicious", "the former report is as it was"
    with snapshot(server_on_both.engine) as session:
        newest = [Result.model_validate(delivery.payload) for delivery in due(session, 0, 1, 10)]
    assert [(result.report_number, result.verdict) for result in newest] == [(3, "no_blast_features")] * 2


def test_images_after_the_signature_are_judged_before_an_amendment(
    server_on_both: ApiServer, people: list[Clinician]
) -> None:
    anna, _ = people
    case_id = a_case(server_on_both, 0.1)
    anna.claim(case_id).read(case_id, "no_blast_features")
    anna.sign(case_id)
    late = add_analysed(server_on_both, 7, 0.2, DOUBT, case_pseudonym=PSEUDONYM)
    assert anna.case(case_id)["queue"] == "review"

    assert "1 whose answer is doubted" in a_problem(anna.asked_to_amend(case_id, "no_blast_features"), 409)
    anna.claim(case_id).judge(case_id, late, "no_blast_features")
    amended = anna.asked_to_amend(case_id, "no_blast_features").json()

    assert (amended["queue"], amended["images_since_signature"]) == ("done", 0)
    content = anna.get(f"/reports/{amended['reports'][1]['id']}")["content"]
    assert content["wording"] == "No blast features seen in 2 images"
