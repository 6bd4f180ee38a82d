"""Administrators say who a user is at the OpenID Connect provider, over HTTP and on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from tests.support.accounts import a_user
from tests.support.openid import log_in, openid_server, told, trail
from tests.support.openid_provider import OpenIdProvider
from tests.support.web import ApiServer, a_problem

DOCTOR = "h.meier"


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


def test_an_administrator_says_who_a_user_is_there_and_nobody_else_gets_in_as_that_user(
    openid: ApiServer, provider: OpenIdProvider
) -> None:
    with openid.client(Role.ADMINISTRATOR) as administrator, openid.client(role=None) as browser:
        bound = administrator.put(f"/api/v1/users/{DOCTOR}/openid", json={"subject": "anna-7"}).json()
        assert (bound["openid_issuer"], bound["openid_subject"]) == (provider.issuer, "anna-7")
        assert bound["has_password"] is True
        assert "belongs to somebody else" in told(log_in(browser)), "the name alone is not enough any more"
        provider.person = {"sub": "anna-7", "preferred_username": "somebody"}
        assert log_in(browser).status_code == 303
        assert browser.get("/api/v1/session").json()["user"] == DOCTOR

        assert administrator.put(f"/api/v1/users/{DOCTOR}/openid", json={"subject": "anna-7"}).status_code == 200
        assert browser.get("/api/v1/session").status_code == 200, "nothing was changed"
        assert administrator.put(f"/api/v1/users/{DOCTOR}/openid", json={"subject": "anna-8"}).status_code == 200
        a_problem(browser.get("/api/v1/session"), 401)  # another account ends the former one's sessions

    first, second = trail(openid, "user-bound")
    assert first == ("administrator", DOCTOR, {"former": None, "issuer": provider.issuer, "called": "anna-7"})
    assert (second[2]["former"], second[2]["called"]) == ({"issuer": provider.issuer, "called": "anna-7"}, "anna-8")


def test_what_cannot_be_bound_is_refused_with_a_reason(openid: ApiServer) -> None:
    with transaction(openid.engine) as session:
        a_user(session, Role.CLINICIAN, name="a.lang")
        a_user(session, Role.SERVICE, name="hospital-it")
    with openid.client(Role.ADMINISTRATOR) as administrator:
        assert administrator.put(f"/api/v1/users/{DOCTOR}/openid", json={"subject": "1"}).status_code == 200
        for name, subject, status, reason in (
            ("a.lang", "1", 409, f"is the user '{DOCTOR}' already"),
            ("hospital-it", "2", 409, "comes by token"),
            ("nobody", "2", 404, "no user 'nobody'"),
            ("a.lang", "two words", 400, "no subject"),
            ("a.lang", "ä", 400, "no subject"),
            ("a.lang", "", 422, "subject"),
        ):
            refused = administrator.put(f"/api/v1/users/{name}/openid", json={"subject": subject})
            assert reason in a_problem(refused, status), (name, subject)
    assert len(trail(openid, "user-bound")) == 1
