"""The API as a program meets it: over a real socket, on both databases."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from PIL import Image

from cloud_service.app import create_app
from cloud_service.database import transaction
from cloud_service.delivery.results import add_delivery
from cloud_service.inference.jobs import tell_of_failure
from cloud_service.models import Capture, InferenceJob, WireRefusal
from shared.errors import ConfigurationError
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, JobState
from tests.support.web import (
    ACCESS_KEY,
    FIRST_ANNOUNCED,
    ApiServer,
    add_analysed,
    add_capture,
    jpeg,
    store,
    web_settings,
)

PUBLIC = {("GET", "/api/health"), ("POST", "/api/session")}


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        yield server


@pytest.fixture
def server_on_both(tmp_path: Path, database_url: str) -> Iterator[ApiServer]:
    with ApiServer(web_settings(tmp_path, database_url)) as server:
        yield server


@pytest.fixture
def client(server: ApiServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def a_problem(response: httpx.Response, status: int) -> str:
    """The detail of a problem, after a look at its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return str(body["detail"])


def every_route(tmp_path: Path) -> set[tuple[str, str]]:
    routes = iter_route_contexts(create_app(web_settings(tmp_path, "sqlite://")).routes)
    return {(method, str(route.path)) for route in routes for method in route.methods or ()}


def test_every_route_but_liveness_and_log_in_refuses_a_caller_without_the_key(
    server: ApiServer, tmp_path: Path
) -> None:
    with server.client(key=None) as stranger:
        routes = every_route(tmp_path)
        assert routes > PUBLIC
        for method, path in routes - PUBLIC:
            address = re.sub(r"\{[^}]+\}", str(uuid4()), path)
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "smearflow-session=operator.x.y"}):
                response = stranger.request(method, address, headers=headers)
                assert response.status_code in {401, 429}, (method, path, headers)
            assert a_problem(stranger.request(method, address), 401)


def test_a_cookie_session_reads_at_once_and_changes_only_with_the_pages_header(server: ApiServer) -> None:
    with server.client(key=None) as browser:
        a_problem(browser.post("/api/session", json={"access_key": "wrong"}), 401)
        logged_in = browser.post("/api/session", json={"access_key": ACCESS_KEY})
        assert logged_in.status_code == 204
        attributes = logged_in.headers["set-cookie"].lower()
        assert all(word in attributes for word in ("httponly", "samesite=strict", "path=/", "max-age=43200"))

        assert browser.get("/api/session").status_code == 204
        assert browser.get("/api/captures").status_code == 200
        assert "x-smearflow-page" in a_problem(browser.delete("/api/session"), 401)
        assert browser.delete("/api/session", headers={"x-smearflow-page": "1"}).status_code == 204
        a_problem(browser.get("/api/session"), 401)


def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path, sqlite_url: str) -> None:
    settings = web_settings(tmp_path, sqlite_url, secure_cookies=True)
    with ApiServer(settings) as server, server.client(key=None) as browser:
        cookie = browser.post("/api/session", json={"access_key": ACCESS_KEY}).headers["set-cookie"]

    assert cookie.startswith("__Host-smearflow-session=")
    assert "; Secure" in cookie


def test_what_was_typed_never_comes_back_in_an_error(client: httpx.Client) -> None:
    typed = "a-key-typed-into-the-wrong-field"

    detail = a_problem(client.post("/api/session", json={"acess_key": typed}), 422)

    assert "access_key" in detail
    assert typed not in detail


def test_too_many_wrong_keys_have_to_wait(server: ApiServer) -> None:
    with server.client(key=None) as guesser:
        answers = [guesser.post("/api/session", json={"access_key": f"guess {n}"}).status_code for n in range(11)]
        last = guesser.post("/api/session", json={"access_key": ACCESS_KEY})

    assert answers == [401] * 10 + [429]
    a_problem(last, 429)
    assert last.headers["retry-after"] == "60"


def test_the_api_does_not_start_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SMEARFLOW_ACCESS_KEY"):
        create_app(web_settings(tmp_path, "sqlite://", access_key=None))


def test_every_answer_carries_the_security_headers(client: httpx.Client) -> None:
    for response in (
        client.get("/"),
        client.get("/api/health"),
        client.get("/api/nothing"),
        client.get("/api/devices"),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
    a_problem(client.get("/api/nothing"), 404)


def test_a_body_that_is_large_or_of_unsaid_size_is_refused_unread(client: httpx.Client) -> None:
    a_problem(client.post("/api/session", content=b"x" * 70_000), 413)
    a_problem(client.post("/api/session", content=iter([b"{}"])), 411)


def test_a_missing_bundle_is_said_on_the_page(tmp_path: Path, sqlite_url: str) -> None:
    settings = web_settings(tmp_path, sqlite_url)
    with ApiServer(settings, dashboard=tmp_path / "nothing") as server, server.client(key=None) as client:
        response = client.get("/")

    assert response.status_code == 503
    assert "not built" in response.text


def test_openapi_is_there_for_who_has_the_key(client: httpx.Client) -> None:
    document = client.get("/api/openapi.json").json()

    assert "/api/captures/{capture_id}" in document["paths"]
    assert client.get("/docs").status_code == 404


def test_pages_by_key_show_every_capture_once_while_others_arrive(server_on_both: ApiServer) -> None:
    server = server_on_both
    with transaction(server.engine) as session:
        # Pairs share their moment of announcement, so the id decides.
        wanted = [
            str(add_capture(session, number, announced_at=FIRST_ANNOUNCED + timedelta(seconds=number // 2)).id)
            for number in range(25)
        ]

    seen: list[str] = []
    more = True
    with server.client() as client:
        while more:
            query = {"limit": "10"} | ({"before": seen[-1]} if seen else {})
            page = client.get("/api/captures", params=query).json()
            seen += [capture["id"] for capture in page["captures"]]
            more = page["more"]
            with transaction(server.engine) as session:
                add_capture(session, 100 + len(seen))

    assert len(seen) == len(set(seen))
    assert set(seen) == set(wanted)


def test_a_page_before_nothing_that_is_known(client: httpx.Client) -> None:
    a_problem(client.get("/api/captures", params={"before": str(UUID(int=1))}), 404)
    a_problem(client.get("/api/captures", params={"before": "x"}), 422)


def test_filters(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        north = add_capture(session, 0)
        south = add_capture(session, 1, site_id="south", device_id="scope-2", case_pseudonym="c" * 32)
        store(session, server.blobs, south, jpeg())

    def found(**query: str) -> list[str]:
        return [capture["id"] for capture in client.get("/api/captures", params=query).json()["captures"]]

    assert found() == [str(south.id), str(north.id)]
    assert (
        found(site="south")
        == found(device="scope-2")
        == found(case="c" * 32)
        == found(state="stored")
        == [str(south.id)]
    )
    assert found(state="announced", site="north") == [str(north.id)]
    assert found(site="west") == []
    a_problem(client.get("/api/captures", params={"state": "healthy"}), 422)
    assert client.get("/api/captures/counts").json() == {
        "announced": 1,
        "refused": 0,
        "stored": 1,
        "analysed": 0,
        "failed": 0,
    }


def test_one_capture_with_all_that_belongs_to_it(server: ApiServer, client: httpx.Client) -> None:
    capture_id = add_analysed(server, 0, 0.93)
    with transaction(server.engine) as session:
        capture = session.get_one(Capture, capture_id)
        add_delivery(session, capture, a_result(capture))

    detail = client.get(f"/api/captures/{capture_id}").json()
    listed = client.get("/api/captures").json()["captures"][0]

    assert listed.items() <= detail.items()
    assert [step["stage"] for step in detail["custody"]] == ["captured", "received", "analysed"]
    assert detail["prediction"]["wording"] == "Suspicious: blast features seen"
    assert detail["prediction"]["probability"] == 0.93
    assert detail["deliveries"][0] | {"id": "", "created_at": ""} == {
        "id": "",
        "kind": "prediction",
        "created_at": "",
        "attempts": 0,
        "acknowledged_at": None,
    }
    assert detail["job"]["state"] == "waiting"
    a_problem(client.get(f"/api/captures/{uuid4()}"), 404)


def a_result(capture: Capture) -> Result:
    return Result(
        delivery_id=uuid4(),
        capture_id=capture.id,
        sha256=capture.sha256,
        kind=ResultKind.PREDICTION,
        created_at=capture.announced_at,
    )


def test_image_and_thumbnail(server: ApiServer, client: httpx.Client) -> None:
    data = jpeg(size=(1600, 1200))
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        announced = add_capture(session, 1)
        store(session, server.blobs, capture, data)

    image = client.get(f"/api/captures/{capture.id}/image")
    thumbnail = client.get(f"/api/captures/{capture.id}/thumbnail")

    assert image.content == data
    assert image.headers["content-type"] == thumbnail.headers["content-type"] == "image/jpeg"
    for response in (image, thumbnail):
        assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert response.headers["content-disposition"].startswith("inline")
        assert response.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(thumbnail.content)) as small:
        assert small.size == (160, 120)
    for kind in ("image", "thumbnail"):
        a_problem(client.get(f"/api/captures/{announced.id}/{kind}"), 404)

    server.blobs.delete(capture.sha256)
    assert "tell the administrator" in a_problem(client.get(f"/api/captures/{capture.id}/image"), 404)


def test_only_a_failed_capture_is_tried_again(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        store(session, server.blobs, capture, jpeg())
        job = session.get_one(InferenceJob, capture.id)
        job.state, job.attempts = JobState.FAILED, 3
        tell_of_failure(session, capture, "The worker ended three times.")

    assert client.get(f"/api/captures/{capture.id}").json()["reason"] == "The worker ended three times."
    again = client.post(f"/api/captures/{capture.id}/retry")
    assert again.status_code == 200
    assert (again.json()["state"], again.json()["reason"]) == (CaptureState.STORED, None)
    assert client.get(f"/api/captures/{capture.id}").json()["job"] == {
        "state": "waiting",
        "attempts": 0,
        "reason": None,
    }
    a_problem(client.post(f"/api/captures/{capture.id}/retry"), 409)
    a_problem(client.post(f"/api/captures/{UUID(int=1)}/retry"), 404)


def test_devices_and_refusals(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        add_capture(session, 0)
        session.add(WireRefusal(topic="smearflow/v1/north/scope-1/up/part/x", reason="No UUID.", count=3))
        session.add(WireRefusal(topic="smearflow/v1/north/scope-1/up/announce", reason="No JSON."))

    devices = client.get("/api/devices").json()
    refusals = client.get("/api/refusals").json()

    assert [(device["id"], device["presence"], device["outbox_depth"]) for device in devices] == [
        ("scope-1", "online", 3)
    ]
    assert refusals["total"] == 4
    assert {refusal["reason"] for refusal in refusals["refusals"]} == {"No UUID.", "No JSON."}


def test_liveness_needs_no_key_and_readiness_tells_of_the_work(server: ApiServer, client: httpx.Client) -> None:
    with transaction(server.engine) as session:
        store(session, server.blobs, add_capture(session, 0), jpeg())

    with server.client(key=None) as stranger:
        assert stranger.get("/api/health").json() == {"status": "alive"}
    readiness = client.get("/api/health/ready")

    assert readiness.status_code == 200
    body = readiness.json()
    assert (body["ready"], body["database"], body["redis"]) == (True, True, False)
    assert body["work"]["waiting_jobs"] == 1
    assert body["work"]["oldest_unclaimed_seconds"] >= 0
    assert body["work"]["devices_online"] == 1
