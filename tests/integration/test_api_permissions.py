"""Every route of the API names its permission, and shows nobody what is not his."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from sqlalchemy import select

from cloud_service.accounts.dependencies import Requirement
from cloud_service.accounts.permissions import PERMISSIONS, Permission, Role
from cloud_service.accounts.tokens import revoke_token
from cloud_service.accounts.users import change_user, disable_user
from cloud_service.app import create_app
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.models import AuditEntry, InferenceJob, WireRefusal
from shared.vocabulary import JobState
from tests.support.accounts import TESTER
from tests.support.web import ApiServer, a_problem, add_analysed, add_capture, give_up, jpeg, store

PUBLIC = {
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session/providers"),
    ("GET", "/api/v1/session/openid"),
    ("GET", "/api/v1/session/openid/callback"),
    ("POST", "/api/v1/enrolments"),
}
"""Liveness, log-in by password or through a provider, and the exchange of an enrolment code, a secret by itself.
The page itself is static files, which are no routes."""


@dataclass(frozen=True)
class Guarded:
    method: str
    path: str
    permission: Permission

    def address(self, capture: UUID | None = None) -> str:
        filled = self.path.replace("{capture_id}", str(capture or uuid4()))
        return re.sub(r"\{\w+\}", lambda _: str(uuid4()), filled)


def every_route(tmp_path_factory: pytest.TempPathFactory) -> list[RouteContext]:
    settings = Settings(blob_url=str(tmp_path_factory.mktemp("blobs")))
    return list(iter_route_contexts(create_app(settings).routes))


def permissions_of(route: APIRoute) -> list[Permission]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return [call.permission for call in calls if isinstance(call, Requirement)]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> list[Guarded]:
    found = []
    for context in every_route(tmp_path_factory):
        assert isinstance(context.original_route, APIRoute), f"{context.path} is no kind of route that is looked at"
        for method in context.methods or ():
            if (method, str(context.path)) not in PUBLIC:
                named = permissions_of(context.original_route)
                assert len(named) == 1, f"{method} {context.path} names {named or 'no permission'}"
                found.append(Guarded(method, str(context.path), named[0]))
    assert len(found) > 10
    return found


def test_every_permission_is_asked_for_by_some_route(guarded: list[Guarded]) -> None:
    assert {route.permission for route in guarded} == set(Permission)


def test_every_route_refuses_who_is_not_logged_in(server: ApiServer, guarded: list[Guarded]) -> None:
    expired = {"Cookie": f"smearflow-session={'x' * 43}", "x-smearflow-page": "1"}
    with server.client(role=None) as stranger:
        for route in guarded:
            for headers in ({}, {"Authorization": "Bearer smf_wrong"}, {"Authorization": "Basic eDp4"}, expired):
                a_problem(stranger.request(route.method, route.address(), headers=headers), 401)


TAKES_BYTES = {("POST", "/api/v1/models")}
"""Their body is a file; an empty one is none, which is told by another status than a form that lacks a field."""


@pytest.mark.parametrize("role", Role)
def test_every_route_refuses_the_wrong_role_and_no_other(server: ApiServer, guarded: list[Guarded], role: Role) -> None:
    site = "north" if role.is_bound_to_a_site else None
    with server.client(role, site=site) as client:
        for route in guarded:
            with client.stream(route.method, route.address()) as response:  # events have no end
                status = response.status_code
                if route.permission in PERMISSIONS[role]:
                    # Nothing is there to be seen, nothing was sent, and a program has no session to end.
                    log_out = (route.method, route.path) == ("DELETE", "/api/v1/session")
                    expected = {400} if (route.method, route.path) in TAKES_BYTES else {200, 404, 422}
                    assert status in ({403} if log_out else expected), route
                else:
                    assert status == 403, route
                    assert route.permission in json.loads(response.read())["detail"]


@dataclass(frozen=True)
class TwoSites:
    server: ApiServer
    north: UUID
    south: UUID
    failed_south: UUID


@pytest.fixture
def two_sites(server_on_both: ApiServer) -> TwoSites:
    """Sites whose names differ little, each with a device, captures and a refusal."""
    server = server_on_both
    south = {"site_id": "NORTH", "device_id": "scope-2"}
    north_id = add_analysed(server, 0, 0.9)
    south_id = add_analysed(server, 1, 0.9, **south)
    with transaction(server.engine) as session:
        failed = add_capture(session, 2, **south)
        store(session, server.blobs, failed, jpeg())
        session.get_one(InferenceJob, failed.id).state = JobState.FAILED
        give_up(session, failed, "The worker ended.")
        for site, device in (("north", "scope-1"), ("NORTH", "scope-2"), ("n_rth", "scope-3")):
            session.add(WireRefusal(topic=f"smearflow/v1/{site}/{device}/up/announce", reason=site, count=3))
        session.add(WireRefusal(topic="smearflow/v1/…", reason="of no device", count=5))
    return TwoSites(server, north_id, south_id, failed.id)


@pytest.fixture
def technician(two_sites: TwoSites) -> Iterator[httpx.Client]:
    with two_sites.server.client(Role.TECHNICIAN, site="north") as client:
        yield client


def test_who_is_bound_to_a_site_sees_its_captures_devices_refusals_and_counts_alone(
    two_sites: TwoSites, technician: httpx.Client
) -> None:
    page = technician.get("/api/v1/captures").json()
    assert [capture["id"] for capture in page["captures"]] == [str(two_sites.north)]
    assert technician.get("/api/v1/captures", params={"site": "NORTH"}).json()["captures"] == []
    assert technician.get("/api/v1/captures", params={"device": "scope-2"}).json()["captures"] == []
    counts = technician.get("/api/v1/captures/counts").json()
    assert (counts["analysed"], sum(counts.values())) == (1, 1)
    assert [device["id"] for device in technician.get("/api/v1/devices").json()] == ["scope-1"]
    refusals = technician.get("/api/v1/refusals").json()
    assert (refusals["total"], [refusal["reason"] for refusal in refusals["refusals"]]) == (3, ["north"])

    with two_sites.server.client(Role.CLINICIAN) as clinician:
        assert len(clinician.get("/api/v1/captures").json()["captures"]) == 3
        assert len(clinician.get("/api/v1/devices").json()) == 2
        assert clinician.get("/api/v1/refusals").json()["total"] == 14


def test_no_route_tells_a_technician_anything_of_another_site(
    two_sites: TwoSites, technician: httpx.Client, guarded: list[Guarded]
) -> None:
    lists = [
        route for route in guarded if (route.method, route.path) != ("GET", "/api/v1/events") and "{" not in route.path
    ]
    told = {route.path: technician.request(route.method, route.path).text for route in lists}

    assert "scope-1" in told["/api/v1/devices"]
    for path, text in told.items():
        for foreign in ("NORTH", "scope-2", "scope-3", str(two_sites.south), str(two_sites.failed_south)):
            assert foreign not in text, path


def test_anothers_capture_is_as_unknown_as_none(
    two_sites: TwoSites, technician: httpx.Client, guarded: list[Guarded]
) -> None:
    allowed = PERMISSIONS[Role.TECHNICIAN]
    routes = [route for route in guarded if "{capture_id}" in route.path and route.permission in allowed]
    assert len(routes) >= 2
    for route in routes:
        assert technician.request(route.method, route.address(two_sites.north)).status_code == 200
        there = a_problem(technician.request(route.method, route.address(two_sites.south)), 404)
        nowhere = UUID(int=1)
        absent = a_problem(technician.request(route.method, route.address(nowhere)), 404)
        assert there.replace(str(two_sites.south), "") == absent.replace(str(nowhere), "")
    a_problem(technician.get("/api/v1/captures", params={"before": str(two_sites.south)}), 404)


def test_the_stream_of_a_site_leaves_the_others_out_and_misses_nothing(
    two_sites: TwoSites, technician: httpx.Client
) -> None:
    with two_sites.server.client(Role.CLINICIAN) as clinician:
        seen_by_all = events(clinician, until=str(two_sites.failed_south), stage="failed")
    assert {event["site"] for event in seen_by_all} == {"north", "NORTH"}

    with technician.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        lines = response.iter_lines()
        first = [next_data(lines) for _ in range(4)]
        # Many events of others, more than are read at once, then one of this site.
        with transaction(two_sites.server.engine) as session:
            for number in range(450):
                add_capture(session, 100 + number, site_id="NORTH", device_id="scope-2")
            last = add_capture(session, 90)
        after_others = next_data(lines)

    assert first[0]["reset"] is False
    assert {event["id"] for event in first[1:]} == {str(two_sites.north)}
    assert after_others["id"] == str(last.id)


def next_data(lines: Iterator[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
    return found


def events(client: httpx.Client, *, until: str, stage: str) -> list[dict[str, object]]:
    seen: list[dict[str, object]] = []
    with client.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        lines = response.iter_lines()
        next_data(lines)
        while not seen or (seen[-1]["id"], seen[-1]["state"]) != (until, stage):
            seen.append(next_data(lines))
    return seen


def test_the_stream_tells_of_cases_those_alone_who_may_see_them(two_sites: TwoSites, technician: httpx.Client) -> None:
    add_analysed(two_sites.server, 3, 0.9)
    with two_sites.server.client(Role.CLINICIAN) as clinician:
        told = {
            name: Counter(names_of_events(client, count))
            for name, client, count in (("technician", technician, 7), ("clinician", clinician, 6))
        }
    assert told["technician"] == {"hello": 1, "capture": 6}
    assert told["clinician"] == {"hello": 1, "capture": 3, "case": 2}


def names_of_events(client: httpx.Client, count: int) -> list[str]:
    with client.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        names = (line.removeprefix("event: ") for line in response.iter_lines() if line.startswith("event: "))
        return [next(names) for _ in range(count)]


@pytest.mark.parametrize("how", ["disabled", "revoked", "changed"])
def test_an_open_stream_ends_soon_after_its_readers_rights(
    two_sites: TwoSites, technician: httpx.Client, how: str
) -> None:
    with technician.stream("GET", "/api/v1/events") as response:
        lines = response.iter_lines()
        next_data(lines)
        with transaction(two_sites.server.engine) as session:
            if how == "disabled":
                disable_user(session, TESTER, "technician-north")
            elif how == "changed":
                change_user(session, TESTER, "technician-north", role=Role.TECHNICIAN, site="NORTH")
            else:
                revoke_token(session, TESTER, user="technician-north", name="tests")
        add_analysed(two_sites.server, 7, 0.5)
        assert not [line for line in lines if line.startswith("data: ")], "told something after it was shut out"
    if how != "changed":
        a_problem(technician.get("/api/v1/captures"), 401)


def test_who_saw_and_did_what_is_audited_and_lists_are_not(two_sites: TwoSites, technician: httpx.Client) -> None:
    own = [f"/{two_sites.north}{part}" for part in ("/image?edge=160", "", "/image", "/attention")]
    for path in ("", "/counts", *own):
        assert technician.get(f"/api/v1/captures{path}").status_code == 200
    tag = technician.get(f"/api/v1/captures/{two_sites.north}/image").headers["etag"]
    again = technician.get(f"/api/v1/captures/{two_sites.north}/image", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    with two_sites.server.client(Role.CLINICIAN) as clinician:
        assert clinician.post(f"/api/v1/captures/{two_sites.failed_south}/retry").status_code == 200
        a_problem(clinician.post(f"/api/v1/captures/{two_sites.failed_south}/retry"), 409)

    with snapshot(two_sites.server.engine) as session:
        kinds = ("capture-seen", "image-seen", "attention-seen", "analysis-retried")
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(kinds)).order_by(AuditEntry.position))
        told = [(entry.actor, entry.role, entry.token, entry.action, entry.subject) for entry in entries]
    reader = ("technician-north", "technician", "tests")
    assert told == [
        (*reader, "capture-seen", str(two_sites.north)),
        *[
            (*reader, kind, str(two_sites.north))
            for kind in ("image-seen", "attention-seen", "image-seen", "image-seen")
        ],
        ("clinician", "clinician", "tests", "analysis-retried", str(two_sites.failed_south)),
    ]
