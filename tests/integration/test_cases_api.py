"""Cases over HTTP on both databases: seen, claimed, released, commented on; nobody writes over another's change."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from cloud_service.accounts.identity import Credential, CredentialKind, Identity
from cloud_service.accounts.permissions import Role
from cloud_service.cases import service
from cloud_service.cases.counting import CaseCounter
from cloud_service.cases.worklist import Filters, Sort
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind, events_after
from cloud_service.errors import NotFoundError
from cloud_service.models import AuditEntry, Case, CaseReading, now
from shared.vocabulary import WorkQueue
from tests.support.accounts import a_user
from tests.support.web import ApiServer, a_problem, add_analysed

NOBODY = uuid4()


@pytest.fixture
def clinician(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    with server_on_both.client(Role.CLINICIAN) as client:
        yield client


@pytest.fixture
def other(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    """Another clinician, logged in by the page."""
    with transaction(server_on_both.engine) as session:
        a_user(session, Role.CLINICIAN, name="dr-other")
    with server_on_both.browser("dr-other") as client:
        yield client


@pytest.fixture
def case(server_on_both: ApiServer, clinician: httpx.Client) -> str:
    """The address of a suspicious case of three images."""
    for number, probability in enumerate((0.2, 0.9, 0.6)):
        add_analysed(server_on_both, number, probability)
    (found,) = clinician.get("/api/v1/cases").json()["cases"]
    return f"/api/v1/cases/{found['id']}"


def change(client: httpx.Client, address: str, version: int) -> httpx.Response:
    return client.post(address, json={"version": version})


def last_event(server: ApiServer) -> dict[str, Any]:
    with snapshot(server.engine) as session:
        return events_after(session, 0, 1000, kinds={EventKind.CASE})[-1].payload


def test_a_case_is_shown_with_all_that_belongs_to_it(
    server_on_both: ApiServer, clinician: httpx.Client, case: str
) -> None:
    south = {"site_id": "south", "device_id": "scope-2"}
    add_analysed(server_on_both, 5, 0.1, case_pseudonym="0" * 32, **south)
    clinician.post(f"{case}/comments", json={"text": "Look at the second one."})

    shown = clinician.get(case).json()

    assert shown["wording"] == "Suspicious: blast features seen in 2 of 3 images"
    assert (shown["queue"], shown["state"], shown["probability"]) == ("critical", "preliminary", 0.9)
    assert [(model["name"], model["threshold"]) for model in shown["models"]] == [("se-cnn", 0.5)]
    assert [(earlier["site"], earlier["images"]) for earlier in shown["earlier"]] == [("south", 1)]
    assert [(comment["author"], comment["text"]) for comment in shown["comments"]] == [
        ("clinician", "Look at the second one.")
    ]
    assert (shown["readings"], shown["reports"]) == ([], [])
    listed = next(row for row in clinician.get("/api/v1/cases").json()["cases"] if row["id"] == shown["id"])
    assert {name: shown[name] for name in listed} == listed


def test_the_images_come_by_pages_the_most_suspicious_first(
    server_on_both: ApiServer, clinician: httpx.Client, case: str
) -> None:
    for number, probability in enumerate((0.6, 0.6, 0.95), start=3):
        add_analysed(server_on_both, number, probability)
    found: list[float] = []
    after = None
    while not found or after:
        page = clinician.get(f"{case}/images", params={"limit": 2} | ({"after": after} if after else {})).json()
        found += [image["prediction"]["probability"] for image in page["images"]]
        after = page["next"]
    assert found == [0.95, 0.9, 0.6, 0.6, 0.6, 0.2]
    for wrong in ("x", "W10", "WyJhIiwiYiJd"):
        a_problem(clinician.get(f"{case}/images", params={"after": wrong}), 400)


def test_a_claim_is_told_to_all_and_released_again(
    server_on_both: ApiServer, clinician: httpx.Client, case: str
) -> None:
    claimed = change(clinician, f"{case}/claim", 1).json()
    assert (claimed["held_by"], claimed["state"], claimed["version"]) == ("clinician", "claimed", 2)
    assert last_event(server_on_both) == claimed
    assert change(clinician, f"{case}/claim", 2).json() == claimed, "who holds it already keeps it"

    released = change(clinician, f"{case}/release", 2).json()
    assert (released["held_by"], released["state"], released["version"]) == (None, "preliminary", 3)
    assert last_event(server_on_both) == released
    assert "Nobody holds" in a_problem(change(clinician, f"{case}/release", 3), 409)


def test_who_has_not_seen_the_last_change_is_told_of_it(
    clinician: httpx.Client, other: httpx.Client, case: str
) -> None:
    change(clinician, f"{case}/claim", 1)
    for route in ("claim", "release"):
        told = a_problem(change(other, f"{case}/{route}", 1), 409)
        assert "case claimed by clinician on 20" in told
        assert "clinician holds it." in told


def test_a_held_case_is_nobody_elses_until_it_lies_untouched_for_long(
    server_on_both: ApiServer, clinician: httpx.Client, other: httpx.Client, case: str
) -> None:
    change(clinician, f"{case}/claim", 1)
    assert "held by clinician since" in a_problem(change(other, f"{case}/claim", 2), 409)
    assert "who alone may release it" in a_problem(change(other, f"{case}/release", 2), 409)

    with transaction(server_on_both.engine) as session:
        row = session.scalars(select(Case)).one()
        row.held_since = now() - service.UNTOUCHED
        session.add(CaseReading(id=uuid4(), case_id=row.id, number=1, reader="clinician"))
    a_problem(change(other, f"{case}/release", 2), 409)
    with transaction(server_on_both.engine) as session:
        session.scalars(select(CaseReading)).one().saved_at = now() - service.UNTOUCHED - timedelta(seconds=1)

    released = change(other, f"{case}/release", 2)
    assert released.json()["held_by"] is None
    assert change(other, f"{case}/claim", 3).json()["held_by"] == "dr-other"


def test_the_second_read_is_another_persons(
    server_on_both: ApiServer, clinician: httpx.Client, other: httpx.Client, case: str
) -> None:
    with transaction(server_on_both.engine) as session:
        row = session.scalars(select(Case)).one()
        row.second_read, row.queue = True, WorkQueue.REVIEW
        session.add(CaseReading(id=uuid4(), case_id=row.id, number=1, reader="clinician", signed_at=now()))
    assert "another person reads it now" in a_problem(change(clinician, f"{case}/claim", 1), 409)
    claimed = change(other, f"{case}/claim", 1).json()
    assert (claimed["held_by"], claimed["queue"]) == ("dr-other", "review")


def test_a_claim_and_an_answer_do_not_undo_each_other(
    server_on_both: ApiServer, clinician: httpx.Client, case: str
) -> None:
    change(clinician, f"{case}/claim", 1)
    add_analysed(server_on_both, 4, 0.99)
    shown = clinician.get(case).json()
    assert (shown["held_by"], shown["state"], shown["version"], shown["images"]) == ("clinician", "claimed", 2, 4)
    assert change(clinician, f"{case}/release", 2).json()["images"] == 4


def test_comments_are_told_and_change_no_version(
    server_on_both: ApiServer, clinician: httpx.Client, other: httpx.Client, case: str
) -> None:
    for client, text in ((clinician, "first"), (other, "second")):
        assert client.post(f"{case}/comments", json={"text": text}).status_code == 200
    written = clinician.get(f"{case}/comments").json()
    assert [(comment["author"], comment["text"]) for comment in written] == [
        ("clinician", "first"),
        ("dr-other", "second"),
    ]
    assert last_event(server_on_both)["version"] == 1
    a_problem(clinician.post(f"{case}/comments", json={"text": ""}), 422)
    a_problem(clinician.post(f"/api/v1/cases/{NOBODY}/comments", json={"text": "x"}), 404)


def test_who_saw_and_changed_a_case_is_audited_and_lists_are_not(
    server_on_both: ApiServer, clinician: httpx.Client, case: str
) -> None:
    clinician.get(case, params={"ahead": True})
    for path in ("/api/v1/cases", "/api/v1/cases/counts", case, f"{case}/images", f"{case}/comments"):
        assert clinician.get(path).status_code == 200
    change(clinician, f"{case}/claim", 1)
    change(clinician, f"{case}/release", 2)
    clinician.post(f"{case}/comments", json={"text": "hm"})
    with snapshot(server_on_both.engine) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.position)).all()
    told = [
        (row.action, row.actor, row.details.get("version"))
        for row in rows
        if row.subject == case.rsplit("/", maxsplit=1)[-1]
    ]
    assert told == [
        ("case-loaded-ahead", "clinician", None),
        ("case-seen", "clinician", None),
        ("case-claimed", "clinician", 2),
        ("case-released", "clinician", 3),
        ("case-commented", "clinician", None),
    ]


def test_a_site_sees_its_own_cases_alone(server_on_both: ApiServer, clinician: httpx.Client, case: str) -> None:
    """Nobody who is bound to a site may see cases as yet; the services keep to the site all the same."""
    add_analysed(server_on_both, 50, 0.9, site_id="south", device_id="scope-2")
    credential = Credential(CredentialKind.TOKEN, "0" * 64)
    southerner = Identity("southerner", Role.TECHNICIAN, "south", credential)
    with snapshot(server_on_both.engine) as session:
        page = service.page(session, southerner, filters=Filters(), sort=Sort.WORKLIST, after=None, limit=10)
        counts = service.counts(session, CaseCounter(), southerner, filters=Filters(site="north"))
    assert [found.site for found in page.cases] == ["south"]
    assert set(counts.model_dump(exclude={"position"}).values()) == {0}
    foreign = UUID(case.rpartition("/")[2])
    for attempt in (
        lambda session: service.seen(session, southerner, foreign),
        lambda session: service.images(session, southerner, foreign, after=None, limit=1),
        lambda session: service.claim(session, southerner, foreign, 1),
        lambda session: service.release(session, southerner, foreign, 1),
        lambda session: service.comments(session, southerner, foreign),
        lambda session: service.add_comment(session, southerner, foreign, "x"),
    ):
        with pytest.raises(NotFoundError), transaction(server_on_both.engine) as session:
            attempt(session)
    assert clinician.get(case).json()["comments"] == []
