"""The audit trail over HTTP: searched by page, and checked within bounds, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.database import transaction
from cloud_service.models import AuditEntry
from tests.support.web import ApiServer, a_problem

AUDIT, VERIFICATION = "/api/v1/audit", "/api/v1/audit/verification"
ENTRIES = 25
READER = Actor("h.meier", "clinician")


@pytest.fixture
def auditor(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    """A client; before it stand two entries of its own making, then ENTRIES."""
    with server_on_both.client() as client:
        with transaction(server_on_both.engine) as session:
            for number in range(ENTRIES):
                action = Action.CAPTURE_SEEN if number % 5 else Action.IMAGE_SEEN
                record(session, READER, action, f"capture {number % 2}", number=number)
        yield client


def found(client: httpx.Client, **query: Any) -> list[int]:
    return [entry["position"] for entry in client.get(AUDIT, params=query).json()["entries"]]


def test_pages_go_back_without_gap_or_repetition(auditor: httpx.Client) -> None:
    seen: list[int] = []
    more, query = True, {"limit": 10}
    while more:
        page = auditor.get(AUDIT, params=query).json()
        seen += [entry["position"] for entry in page["entries"]]
        more, query = page["more"], {"limit": 10, "before": seen[-1]}
    assert seen == list(range(ENTRIES + 2, 0, -1))


def test_it_is_searched_by_who_what_to_whom_and_when(auditor: httpx.Client) -> None:
    assert len(found(auditor, actor="h.meier")) == ENTRIES
    assert found(auditor, actor="administrator") == []
    assert len(found(auditor, action="image-seen")) == 5
    assert len(found(auditor, subject="capture 1", action="image-seen")) == 2
    entry = auditor.get(AUDIT, params={"limit": 1}).json()["entries"][0]
    assert (entry["role"], entry["details"]) == ("clinician", {"number": ENTRIES - 1})
    assert found(auditor, **{"from": entry["at"]}) == [entry["position"]]
    assert found(auditor, to=entry["at"])[0] == entry["position"] - 1
    for wrong in ({"action": "x"}, {"from": "2026-11-22T00:00:00"}, {"before": 0}, {"limit": 501}):
        a_problem(auditor.get(AUDIT, params=wrong), 422)


def test_the_chain_is_whole_and_the_answer_says_how_much_was_looked_at(auditor: httpx.Client) -> None:
    whole = auditor.get(VERIFICATION).json()
    assert (whole["whole"], whole["fault"], whole["first_checked"]) == (True, None, 1)
    assert whole["checked"] == whole["head"]["position"] == ENTRIES + 2
    assert whole["head"]["hash"] == auditor.get(AUDIT).json()["entries"][0]["hash"]

    newest = auditor.get(VERIFICATION, params={"newest": 10}).json()
    assert (newest["whole"], newest["first_checked"], newest["checked"]) == (True, ENTRIES - 7, 10)


def test_what_was_tampered_with_is_named_where_it_is_looked_at(
    server_on_both: ApiServer, auditor: httpx.Client
) -> None:
    with transaction(server_on_both.engine) as session:
        session.execute(update(AuditEntry).where(AuditEntry.position == 5).values(actor="somebody else"))

    broken = auditor.get(VERIFICATION).json()
    assert (broken["whole"], broken["fault"]) == (False, "Entry 5 was changed after it was written.")
    assert auditor.get(VERIFICATION, params={"newest": 10}).json()["whole"], "it lies before the newest ten"

    with transaction(server_on_both.engine) as session:
        session.delete(session.get_one(AuditEntry, ENTRIES + 2))
    assert "cut off" in auditor.get(VERIFICATION, params={"newest": 5}).json()["fault"]


def test_an_entry_of_another_day_is_left_out(server_on_both: ApiServer, auditor: httpx.Client) -> None:
    with transaction(server_on_both.engine) as session:
        first = session.get_one(AuditEntry, 3)
        first.at -= timedelta(days=1)
        moment = first.at
    assert found(auditor, to=(moment + timedelta(hours=1)).isoformat()) == [3]
