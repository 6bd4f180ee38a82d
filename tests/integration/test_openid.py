"""Log-in through an OpenID Connect provider, over HTTP as a browser does it: who gets in, and as what."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import disable_user, find_user
from cloud_service.database import snapshot, transaction
from cloud_service.models import UserAccount
from tests.support.accounts import PASSWORD, TESTER, a_user, add_site
from tests.support.openid import BEGIN, begin, log_in, openid_server, told, trail
from tests.support.openid_provider import OpenIdProvider
from tests.support.web import ApiServer, a_problem

DOCTOR = "h.meier"
GROUPS = {
    "openid_users": "groups",
    "openid_roles": {"it": "administrator", "haematology": "clinician", "lab-north": "technician@north"},
}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as provider:
        yield provider


@pytest.fixture
def openid(tmp_path: Path, database_url: str, provider: OpenIdProvider) -> Iterator[ApiServer]:
    with openid_server(tmp_path, database_url, provider) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        yield server


def stranger(server: ApiServer) -> httpx.Client:
    return server.client(role=None)


def user(server: ApiServer, name: str = DOCTOR) -> UserAccount | None:
    with snapshot(server.engine) as session:
        return find_user(session, name)


def test_a_known_user_gets_the_same_session_as_by_password(openid: ApiServer, provider: OpenIdProvider) -> None:
    with stranger(openid) as browser:
        offered = browser.get("/api/v1/session/providers").json()
        hospital = {"name": "Hospital <Log-in>", "address": BEGIN, "issuer": provider.issuer}
        assert offered == {"providers": [hospital]}
        back = log_in(browser)
        assert (back.status_code, back.headers["location"]) == (303, "/")
        session, attempt = back.headers.get_list("set-cookie")
        assert all(word in session.lower() for word in ("httponly", "samesite=strict", "path=/", "max-age=43200"))
        assert 'smearflow-openid=""; expires' in attempt.replace("Max-Age=0; ", "")
        assert browser.get("/api/v1/session").json()["user"] == DOCTOR
        assert browser.delete("/api/v1/session", headers={"x-smearflow-page": "1"}).status_code == 204

    known = user(openid)
    assert known is not None
    assert (known.openid_issuer, known.openid_subject) == (provider.issuer, "248289761001")
    assert known.last_log_in_at is not None
    assert trail(openid, "log-in") == [(DOCTOR, DOCTOR, {"address": "127.0.0.1", "how": "openid"})]
    bound = {"issuer": provider.issuer, "called": "248289761001"}
    assert trail(openid, "user-bound") == [("(openid provider)", DOCTOR, bound)]


def test_the_way_there_carries_a_cookie_for_ten_minutes_and_nothing_secret(openid: ApiServer) -> None:
    with stranger(openid) as browser:
        begun = browser.get(BEGIN)
        cookie = begun.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/", "max-age=600"))
        asked = httpx.URL(begun.headers["location"]).params
        assert asked["redirect_uri"] == f"{openid.url}{BEGIN}/callback"
        assert browser.cookies["smearflow-openid"] not in begun.headers["location"]
        again = httpx.URL(browser.get(BEGIN).headers["location"]).params
    for random in ("state", "nonce", "code_challenge"):
        assert len(asked[random]) == 43
        assert asked[random] != again[random]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


def test_who_is_bound_stays_the_same_user_under_a_new_name_and_the_name_is_nobody_elses(
    openid: ApiServer, provider: OpenIdProvider
) -> None:
    with stranger(openid) as browser:
        assert log_in(browser).status_code == 303
        provider.person["preferred_username"] = "h.schmidt"
        assert log_in(browser).status_code == 303
        assert browser.get("/api/v1/session").json()["user"] == DOCTOR
        provider.person = {"sub": "another", "preferred_username": DOCTOR}
        refused = log_in(browser)
        assert refused.status_code == 403
        assert "belongs to somebody else" in told(refused)

    with openid.client(Role.ADMINISTRATOR) as administrator, stranger(openid) as browser:
        (row,) = [row for row in administrator.get("/api/v1/users").json() if row["name"] == DOCTOR]
        assert row["openid_subject"] == "248289761001"
        assert administrator.delete(f"/api/v1/users/{DOCTOR}/openid").status_code == 204
        assert "is bound to no account" in a_problem(administrator.delete(f"/api/v1/users/{DOCTOR}/openid"), 409)
        assert log_in(browser).status_code == 303
    assert [details["called"] for _, _, details in trail(openid, "user-bound", "user-unbound")] == [
        "248289761001",
        "248289761001",
        "another",
    ]


def test_who_is_unknown_disabled_or_a_program_is_not_let_in_and_it_is_audited(
    openid: ApiServer, provider: OpenIdProvider
) -> None:
    with transaction(openid.engine) as session:
        a_user(session, Role.CLINICIAN, name="gone")
        disable_user(session, TESTER, "gone")
        a_user(session, Role.SERVICE, name="hospital-it")
    said = {}
    with stranger(openid) as browser:
        for name in ("nobody", "gone", "hospital-it"):
            provider.person = {"sub": name, "preferred_username": name}
            refused = log_in(browser)
            assert refused.status_code == 403
            said[name] = told(refused)
        a_problem(browser.get("/api/v1/session"), 401)

    assert "must add you first" in said["nobody"]
    assert "disabled" in said["gone"]
    assert "comes by token" in said["hospital-it"]
    noted = {"address": "127.0.0.1", "how": "openid"}
    assert trail(openid, "log-in-refused") == [
        ("(nobody)", "(unknown)", noted | {"reason": "unknown user"}),
        ("(nobody)", "gone", noted | {"reason": "disabled"}),
        ("(nobody)", "hospital-it", noted | {"reason": "program"}),
    ]
    assert user(openid, "nobody") is None


def test_groups_give_role_and_site_at_each_log_in(tmp_path: Path, database_url: str, provider: OpenIdProvider) -> None:
    provider.person["groups"] = ["lab-north", "choir"]
    with openid_server(tmp_path, database_url, provider, **GROUPS) as server, stranger(server) as browser:
        assert "There is no site" in told(log_in(browser))
        with transaction(server.engine) as session:
            add_site(session, "north")
        assert log_in(browser).status_code == 303
        me = browser.get("/api/v1/session").json()
        assert (me["user"], me["role"], me["site"]) == (DOCTOR, "technician", "north")
        form = {"user": DOCTOR, "password": ""}
        a_problem(browser.post("/api/v1/session", json=form), 401)

        provider.person["groups"] = ["lab-north", "haematology"]  # the settings' order counts
        with stranger(server) as elsewhere:
            assert log_in(elsewhere).status_code == 303
            assert elsewhere.get("/api/v1/session").json()["role"] == "clinician"
        a_problem(browser.get("/api/v1/session"), 401)  # another role ends the former sessions

        provider.person["groups"] = ["choir"]
        assert "None of your groups" in told(log_in(browser))
        provider.person["groups"] = "haematology"
        assert log_in(browser).status_code == 303
        assert [subject for _, subject, _ in trail(server, "user-added", "user-changed")] == [DOCTOR, DOCTOR]


def test_the_last_administrator_is_not_taken_away_by_a_group(
    tmp_path: Path, sqlite_url: str, provider: OpenIdProvider
) -> None:
    provider.person["groups"] = ["it"]
    with openid_server(tmp_path, sqlite_url, provider, **GROUPS) as server, stranger(server) as browser:
        assert log_in(browser).status_code == 303
        provider.person["groups"] = ["haematology"]
        assert "last administrator" in told(log_in(browser))
        assert browser.get("/api/v1/session").json()["role"] == "administrator"


@pytest.mark.parametrize(
    ("person", "changes", "expected"),
    [
        (
            {"upn": "H.Meier@Hospital.example"},
            {"openid_user_claim": "upn", "openid_user_domain": "hospital.example"},
            303,
        ),
        ({"upn": "h.meier@evil.example"}, {"openid_user_claim": "upn", "openid_user_domain": "hospital.example"}, 403),
        ({"email": DOCTOR, "email_verified": True}, {"openid_user_claim": "email"}, 303),
        ({"email": DOCTOR}, {"openid_user_claim": "email"}, 403),
        ({"preferred_username": 7}, {}, 403),
        ({"preferred_username": "h.meier\0"}, {}, 403),
        ({}, {}, 403),
    ],
)
def test_the_name_comes_from_the_claim_that_the_settings_name(
    tmp_path: Path,
    sqlite_url: str,
    provider: OpenIdProvider,
    person: dict[str, Any],
    changes: dict[str, Any],
    expected: int,
) -> None:
    provider.person = {"sub": "1"} | person
    with openid_server(tmp_path, sqlite_url, provider, **changes) as server, stranger(server) as browser:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        assert log_in(browser).status_code == expected


def test_what_the_id_token_leaves_out_is_asked_for(openid: ApiServer, provider: OpenIdProvider) -> None:
    provider.person = {"sub": "1"}
    provider.userinfo = {"sub": "1", "preferred_username": DOCTOR}
    with stranger(openid) as browser:
        assert log_in(browser).status_code == 303
        provider.userinfo = {"sub": "2", "preferred_username": DOCTOR}
        assert "two different people" in told(log_in(browser))


def test_a_new_key_is_fetched_when_it_is_used_and_nothing_else_is_fetched_twice(
    openid: ApiServer, provider: OpenIdProvider
) -> None:
    assert not provider.asked  # nobody has wanted to log in through it yet
    with stranger(openid) as browser:
        for _ in range(2):
            assert log_in(browser).status_code == 303
        assert (provider.asked["/.well-known/openid-configuration"], provider.asked["/jwks"]) == (1, 1)
        provider.new_key()
        assert log_in(browser).status_code == 303
    assert (provider.asked["/.well-known/openid-configuration"], provider.asked["/jwks"]) == (1, 2)


def test_a_provider_that_is_away_is_said_and_passwords_go_on(openid: ApiServer, provider: OpenIdProvider) -> None:
    with stranger(openid) as browser:
        way_back = begin(browser)
        provider.stop()
        refused = browser.get(way_back)
        assert refused.status_code == 503
        assert "Hospital &lt;Log-in&gt; cannot be reached" in told(refused)
        form = {"user": DOCTOR, "password": PASSWORD}
        assert browser.post("/api/v1/session", json=form).status_code == 200
    assert trail(openid, "log-in-refused") == []


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None}],
)
def test_a_discovery_document_that_cannot_be_trusted_is_not_used(
    openid: ApiServer, provider: OpenIdProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with stranger(openid) as browser:
        refused = browser.get(BEGIN)
    assert refused.status_code == 503
    assert "Log in with your password" in told(refused)
    assert not browser.cookies


def test_without_the_settings_there_is_no_such_log_in(server: ApiServer) -> None:
    with stranger(server) as browser:
        assert browser.get("/api/v1/session/providers").json() == {"providers": []}
        with server.client(Role.ADMINISTRATOR) as administrator:
            refused = administrator.put("/api/v1/users/administrator/openid", json={"subject": "1"})
            assert "name no OpenID Connect provider" in a_problem(refused, 409)
        for address in (BEGIN, f"{BEGIN}/callback?state=x&code=y"):
            a_problem(browser.get(address), 404)
