"""Who may use the API, and what every answer of it carries."""

import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from cloud_service.app import create_app
from shared.errors import ConfigurationError
from tests.support.web import ACCESS_KEY, ApiServer, a_problem, web_settings

PUBLIC = {("GET", "/api/health"), ("POST", "/api/session")}


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


def test_every_answer_carries_the_security_headers(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cloud_service.captures.service.counts")  # a fault that nobody foresaw
    # The server hangs up behind such an answer, so the next request must not count on this connection.
    unforeseen = client.get("/api/captures/counts", headers={"Connection": "close"})

    assert "its log holds the reason" in a_problem(unforeseen, 500)
    for response in (
        unforeseen,
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

    responses = document["paths"]["/api/captures/{capture_id}"]["get"]["responses"]
    assert list(responses) == ["200", "default"]
    assert responses["default"]["content"].keys() == {"application/problem+json"}
    assert {"Problem", "Fault"} <= document["components"]["schemas"].keys()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert client.get("/docs").status_code == 404
