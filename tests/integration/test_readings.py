"""Readings and findings while they are made: saved, guarded by the version, and the holder's alone."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot
from cloud_service.models import AuditEntry
from tests.support.reading import Clinician, a_case, capture_ids, clinicians
from tests.support.web import ApiServer, a_problem, add_analysed


@pytest.fixture
def people(server_on_both: ApiServer) -> Iterator[list[Clinician]]:
    with clinicians(server_on_both, "a.bauer", "c.diaz") as people:
        yield people


@pytest.fixture
def case_id(server_on_both: ApiServer) -> UUID:
    return a_case(server_on_both, 0.9, 0.2)


def test_a_draft_is_kept_as_it_is_typed_and_each_saving_raises_the_version(
    people: list[Clinician], case_id: UUID
) -> None:
    anna, _ = people
    claimed = anna.claim(case_id).case(case_id)

    first = anna.read(case_id, "suspicious", conclusion="Blasts in")
    second = anna.do("PUT", case_id, "reading", verdict="suspicious", conclusion="Blasts in two fields.", reason=" ")

    assert claimed["readings"] == []
    assert (first["version"], second["version"]) == (claimed["version"] + 1, claimed["version"] + 2)
    (reading,) = anna.case(case_id)["readings"]
    assert (reading["number"], reading["reader"], reading["signed_at"]) == (1, "a.bauer", None)
    assert (reading["verdict"], reading["conclusion"], reading["reason"]) == (
        "suspicious",
        "Blasts in two fields.",
        None,
    )
    assert anna.do("PUT", case_id, "reading")["readings"][0]["verdict"] is None, "it can be taken back"


def test_who_has_not_seen_the_last_change_is_told_who_made_it(people: list[Clinician], case_id: UUID) -> None:
    anna, _ = people
    seen = anna.claim(case_id).case(case_id)["version"]
    anna.read(case_id, "suspicious", conclusion="From one window.")

    told = a_problem(anna.ask("PUT", case_id, "reading", version=seen, verdict="cannot_say"), 409)

    assert "reading saved by a.bauer" in told
    assert anna.case(case_id)["readings"][0]["conclusion"] == "From one window."
    image = images(anna, case_id)[0]
    a_problem(anna.ask("PUT", case_id, f"images/{image}/finding", version=seen, verdict="suspicious"), 409)


def images(reader: Clinician, case_id: UUID) -> list[str]:
    return [image["id"] for image in reader.get(f"/cases/{case_id}/images")["images"]]


def test_only_the_holder_writes(people: list[Clinician], case_id: UUID) -> None:
    anna, carlos = people
    image = images(anna, case_id)[0]
    changes = [
        ("PUT", "reading", {"verdict": "suspicious"}),
        ("PUT", f"images/{image}/finding", {"verdict": "suspicious"}),
        ("POST", f"images/{image}/opened", {}),
    ]
    for method, path, fields in changes:
        assert "claim it first" in a_problem(anna.ask(method, case_id, path, **fields), 409)
    anna.claim(case_id)
    for method, path, fields in changes:
        assert "a.bauer holds it" in a_problem(carlos.ask(method, case_id, path, **fields), 409)
    assert carlos.case(case_id)["readings"] == []


def test_a_finding_is_kept_and_taken_back_and_names_the_version_of_the_case(
    people: list[Clinician], case_id: UUID
) -> None:
    anna, _ = people
    anna.claim(case_id)
    image = images(anna, case_id)[0]

    saved = anna.judge(case_id, image, "not_evaluable", "Out of focus.")
    (finding,) = saved["findings"]
    assert (finding["capture_id"], finding["verdict"], finding["reason"]) == (image, "not_evaluable", "Out of focus.")
    assert saved["case_version"] == anna.case(case_id)["version"]

    (finding,) = anna.judge(case_id, image, None, "left over")["findings"]
    assert (finding["verdict"], finding["reason"]) == (None, None)


def test_to_open_an_image_is_noted_once_and_changes_no_version(people: list[Clinician], case_id: UUID) -> None:
    anna, _ = people
    version = anna.claim(case_id).case(case_id)["version"]
    image = images(anna, case_id)[0]

    (first,) = anna.do("POST", case_id, f"images/{image}/opened", version=1)["findings"]
    (again,) = anna.do("POST", case_id, f"images/{image}/opened", version=1)["findings"]

    assert first["opened_at"] is not None
    assert first["opened_at"] == again["opened_at"]
    assert anna.case(case_id)["version"] == version


def test_an_image_of_another_case_is_none_of_this_one(
    server_on_both: ApiServer, people: list[Clinician], case_id: UUID
) -> None:
    anna, _ = people
    anna.claim(case_id)
    other = add_analysed(server_on_both, 50, 0.9)
    for image in (other, UUID(int=1)):
        a_problem(anna.ask("PUT", case_id, f"images/{image}/finding", verdict="suspicious"), 404)
        a_problem(anna.ask("POST", case_id, f"images/{image}/opened"), 404)
    a_problem(anna.ask("PUT", UUID(int=2), "reading", version=1), 404)


def test_who_takes_a_case_over_begins_a_reading_of_his_own(people: list[Clinician], case_id: UUID) -> None:
    anna, carlos = people
    anna.claim(case_id).read(case_id, "suspicious", conclusion="Anna's words.")
    anna.do("POST", case_id, "release")

    detail = carlos.claim(case_id).read(case_id, "cannot_say")

    assert [(reading["reader"], reading["conclusion"]) for reading in detail["readings"]] == [
        ("a.bauer", "Anna's words."),
        ("c.diaz", None),
    ]


def test_what_is_no_verdict_of_a_case_and_what_no_database_keeps_are_refused(
    people: list[Clinician], case_id: UUID
) -> None:
    anna, _ = people
    anna.claim(case_id)
    assert "cannot say" in a_problem(anna.ask("PUT", case_id, "reading", verdict="not_evaluable"), 422)
    for words in ({"conclusion": "a\0b"}, {"reason": "x" * 2001}, {"conclusion": "x" * 4001}, {"verdict": "healthy"}):
        a_problem(anna.ask("PUT", case_id, "reading", **words), 422)
    image = images(anna, case_id)[0]
    a_problem(anna.ask("PUT", case_id, f"images/{image}/finding", verdict="suspicious", reason="\0"), 422)


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.ADMINISTRATOR, Role.SERVICE])
def test_only_clinicians_read(server: ApiServer, role: Role) -> None:
    case_id = a_case(server, 0.9)
    image = capture_ids(server)[0]
    with server.client(role, site="north" if role.is_bound_to_a_site else None) as client:
        for method, path in (
            ("PUT", "reading"),
            ("PUT", f"images/{image}/finding"),
            ("POST", f"images/{image}/opened"),
            ("POST", "signature"),
            ("POST", "amendment"),
        ):
            told = a_problem(client.request(method, f"/api/v1/cases/{case_id}/{path}", json={"version": 1}), 403)
            assert "read-cases" in told


def test_every_change_of_a_reading_is_audited(
    server_on_both: ApiServer, people: list[Clinician], case_id: UUID
) -> None:
    anna, _ = people
    anna.claim(case_id).read(case_id, "suspicious")
    image = images(anna, case_id)[0]
    anna.open(case_id, image, image)
    anna.judge(case_id, image, "suspicious")

    with snapshot(server_on_both.engine) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.position)).all()
    told = [
        (entry.action, entry.details.get("capture"), entry.details.get("verdict"))
        for entry in entries
        if entry.subject == str(case_id) and entry.actor == "a.bauer" and entry.action != "case-seen"
    ]
    assert told == [
        ("case-claimed", None, None),
        ("reading-saved", None, "suspicious"),
        ("image-opened", image, None),
        ("finding-saved", image, "suspicious"),
    ]
