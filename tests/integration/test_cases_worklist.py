"""The worklist on both databases: its order, its pages, its filters, its counts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.models import Case, now
from shared.vocabulary import WorkQueue
from tests.support.web import (
    FIRST_ANNOUNCED,
    ApiServer,
    a_problem,
    add_analysed,
    add_capture,
    give_up,
    jpeg,
    store,
    web_settings,
)

SIGNED = {"signed_by": "dr-other", "state": "signed", "queue": "done"}


@pytest.fixture(scope="module")
def server(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """For all tests that only ask."""
    with ApiServer(web_settings(tmp_path_factory.mktemp("server"), module_database_url)) as server:
        add_nine_cases(server)
        yield server


def add_nine_cases(server: ApiServer) -> None:
    """Named a to i by their smears; case `i` is of another site and device."""
    for number, (name, probability) in enumerate(zip("abcdefg", (0.2, 0.9, 0.7, 0.9, 0.9, 0.3, 0.8), strict=True)):
        doubts = ["Unlike."] if name == "e" else []
        add_analysed(server, number * 10, probability, *doubts, smear=f"{name} smear")
    with transaction(server.engine) as session:
        failed = add_capture(session, 70, smear="h smear")
        store(session, server.blobs, failed, jpeg())
        give_up(session, failed, "The worker ended.")
    with transaction(server.engine) as session:
        south = {"site_id": "south", "device_id": "scope-2"}
        store(session, server.blobs, add_capture(session, 80, smear="i smear", **south), jpeg((1, 2, 3)))
        session.execute(update(Case).where(Case.smear == "g smear").values(signed_at=now(), **SIGNED))
        session.execute(update(Case).where(Case.smear == "c smear").values(held_by="clinician", state="claimed"))
        session.execute(update(Case).where(Case.smear == "f smear").values(held_by="dr-other", state="claimed"))


@pytest.fixture(scope="module")
def clinician(server: ApiServer) -> Iterator[httpx.Client]:
    with server.client(Role.CLINICIAN) as client:
        yield client


def names(client: httpx.Client, limit: int = 100, **query: Any) -> str:
    """The cases' names in their order, read page by page."""
    found, after = "", None
    while True:
        page = client.get("/api/v1/cases", params=query | {"limit": limit} | ({"after": after} if after else {})).json()
        found += "".join(case["smear"][0] for case in page["cases"])
        after = page["next"]
        if after is None:
            return found


ALL = "bdcfaehig"
"""Critical with the oldest first among equals, routine, cannot say, waiting, done."""


@pytest.mark.parametrize("limit", [1, 2, 4, 9, 100])
@pytest.mark.parametrize(("sort", "order"), [("worklist", ALL), ("newest", "ihgfedcba"), ("oldest", "abcdefghi")])
def test_pages_of_any_size_give_every_case_once_in_order(
    clinician: httpx.Client, limit: int, sort: str, order: str
) -> None:
    assert names(clinician, limit, sort=sort) == order
    within = names(clinician, limit, sort=sort, queue=["critical", "done"])
    assert within == "".join(name for name in order if name in "bdcg")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"queue": "critical"}, "bdc"),
        ({"queue": ["waiting", "cannot_say"]}, "ehi"),
        ({"state": ["claimed", "signed"]}, "cfg"),
        ({"answer": "no_blast_features"}, "fa"),
        ({"holder": "mine"}, "c"),
        ({"holder": "unclaimed"}, "bdaehig"),
        ({"holder": "mine_or_unclaimed"}, "bdcaehig"),
        ({"failed": True}, "h"),
        ({"failed": False}, ALL.replace("h", "")),
        ({"site": "south"}, "i"),
        ({"site": "SOUTH"}, ""),
        ({"device": "scope-2"}, "i"),
        ({"device": "scope-1", "queue": "waiting"}, ""),
        ({"search": "a sm"}, "a"),
        ({"search": "a_sm"}, ""),
        ({"search": "%"}, ""),
        ({"search": "a/sm"}, ""),
        ({"search": "A SMEAR"}, "a"),
        ({"search": f"{3:032x}"}, "d"),
        ({"search": f"{3:032X}"}, "d"),
        ({"search": "0000"}, ALL),
        ({"search": "smear"}, ""),
        ({"from": (FIRST_ANNOUNCED + timedelta(seconds=60)).isoformat()}, "hig"),
        ({"to": (FIRST_ANNOUNCED + timedelta(seconds=10)).isoformat()}, "a"),
    ],
)
def test_filters(clinician: httpx.Client, query: dict[str, Any], found: str) -> None:
    assert names(clinician, **query) == found
    counts = clinician.get("/api/v1/cases/counts", params=query).json()
    if "queue" not in query:
        assert sum(counts[queue] for queue in WorkQueue) == len(found)
        assert counts["failed"] == found.count("h")


def test_counts_tell_of_every_queue_whichever_is_shown(clinician: httpx.Client) -> None:
    counts = clinician.get("/api/v1/cases/counts", params={"queue": "done"}).json()
    position = clinician.get("/api/v1/cases", params={"limit": 1}).json()["position"]
    assert counts == {
        "critical": 3,
        "review": 0,
        "routine": 2,
        "cannot_say": 2,
        "waiting": 1,
        "done": 1,
        "failed": 1,
        "position": position,
    }


def test_a_page_goes_on_where_it_was_while_cases_come_and_move(server_on_both: ApiServer) -> None:
    server = server_on_both
    add_nine_cases(server)
    with server.client(Role.CLINICIAN) as clinician:
        first = clinician.get("/api/v1/cases", params={"limit": 3}).json()
        add_analysed(server, 1, 0.99, smear="a smear")  # a comes to the top, which is behind
        add_analysed(server, 200, 0.5, smear="z smear")
        rest = clinician.get("/api/v1/cases", params={"after": first["next"]}).json()
    assert "".join(case["smear"][0] for case in (*first["cases"], *rest["cases"])) == "bdczfehig"


@pytest.mark.parametrize("after", ["x", "W10", "eyJhIjoxfQ", "WyJ3b3JrbGlzdCIsIngiLDEsIngiLCJ4Il0", "ä"])
def test_a_cursor_that_no_page_gave_is_refused(clinician: httpx.Client, after: str) -> None:
    assert "first page" in a_problem(clinician.get("/api/v1/cases", params={"after": after}), 400)


def test_a_cursor_of_another_order_is_refused(clinician: httpx.Client) -> None:
    cursor = clinician.get("/api/v1/cases", params={"limit": 1, "sort": "oldest"}).json()["next"]
    for sort in ("newest", "worklist"):
        a_problem(clinician.get("/api/v1/cases", params={"after": cursor, "sort": sort}), 400)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 501}, {"queue": "x"}, {"from": "2026-11-22T09:00:00"}, {"search": ""}]
)
def test_what_is_no_filter_is_refused(clinician: httpx.Client, query: dict[str, Any]) -> None:
    a_problem(clinician.get("/api/v1/cases", params=query), 422)
