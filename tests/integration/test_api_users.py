"""Users and their tokens over HTTP, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from cloud_service.accounts.users import known_user
from cloud_service.database import snapshot, transaction
from cloud_service.models import AuditEntry
from tests.support.accounts import PASSWORD, add_site
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, a_problem

USERS = "/api/v1/users"


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    with transaction(server_on_both.engine) as session:
        add_site(session, "north")
    with server_on_both.client() as client:
        yield client


def added(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post(USERS, json=fields)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def logs_in(server: ApiServer, user: str, password: str) -> int:
    form = {"user": user, "password": password}
    return httpx.post(f"{server.url}/api/v1/session", json=form, timeout=PATIENCE).status_code


def test_a_user_is_added_with_a_password_that_is_told_once_or_with_its_own(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    made = added(admin, name="A.Lang", role="technician", site="north")
    given = added(admin, name="h.meier", role="clinician", password=PASSWORD)
    program = added(admin, name="reports", role="service")

    assert (made["user"]["name"], made["user"]["site"]) == ("a.lang", "north")
    assert logs_in(server_on_both, "a.lang", made["password"]) == 200
    assert given["password"] is program["password"] is None
    assert logs_in(server_on_both, "h.meier", PASSWORD) == 200
    listed = admin.get(USERS).json()
    assert [(user["name"], user["role"]) for user in listed] == [
        ("a.lang", "technician"),
        ("administrator", "administrator"),
        ("h.meier", "clinician"),
        ("reports", "service"),
    ]
    assert made["password"] not in admin.get(USERS).text


def test_what_cannot_be_a_user_is_refused_with_a_reason(admin: httpx.Client) -> None:
    added(admin, name="h.meier", role="clinician")
    for fields, status, reason in (
        ({"name": "h.meier", "role": "clinician"}, 409, "already"),
        ({"name": "b", "role": "technician"}, 409, "belongs to a site"),
        ({"name": "b", "role": "clinician", "site": "north"}, 409, "belongs to no site"),
        ({"name": "b", "role": "technician", "site": "west"}, 404, "no site 'west'"),
        ({"name": "b c", "role": "clinician"}, 400, "no user name"),
        ({"name": "b", "role": "clinician", "password": "short"}, 400, "characters"),
        ({"name": "b", "role": "service", "password": PASSWORD}, 409, "no password"),
        ({"name": "b", "role": "king"}, 422, "role"),
        ({"name": "b", "role": "clinician", "admin": True}, 422, "admin"),
    ):
        assert reason in a_problem(admin.post(USERS, json=fields), status), fields


def test_another_role_or_site_holds_at_once_and_ends_the_sessions(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    added(admin, name="h.meier", role="clinician", password=PASSWORD)
    with server_on_both.browser("h.meier") as page:
        changed = admin.patch(f"{USERS}/h.meier", json={"role": "technician", "site": "north"})
        assert (changed.json()["role"], changed.json()["site"]) == ("technician", "north")
        a_problem(page.get("/api/v1/session"), 401)
    with server_on_both.browser("h.meier") as page:
        assert page.get("/api/v1/session").json()["site"] == "north"
        assert admin.patch(f"{USERS}/h.meier", json={"role": "technician"}).status_code == 200
        assert page.get("/api/v1/session").status_code == 200, "nothing was changed"

    back = admin.patch(f"{USERS}/h.meier", json={"role": "clinician"}).json()
    assert back["site"] is None, "a clinician has no site"
    assert "belongs to no site" in a_problem(admin.patch(f"{USERS}/h.meier", json={"site": "north"}), 409)
    a_problem(admin.patch(f"{USERS}/nobody", json={"role": "clinician"}), 404)


def test_who_becomes_a_program_has_no_password_until_it_is_a_person_and_given_one(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    added(admin, name="h.meier", role="clinician", password=PASSWORD)
    admin.patch(f"{USERS}/h.meier", json={"role": "service"})
    assert logs_in(server_on_both, "h.meier", PASSWORD) == 401
    a_problem(admin.post(f"{USERS}/h.meier/password-reset", json={}), 409)

    admin.patch(f"{USERS}/h.meier", json={"role": "clinician"})
    assert logs_in(server_on_both, "h.meier", PASSWORD) == 401
    fresh = admin.post(f"{USERS}/h.meier/password-reset", json={}).json()["password"]
    assert logs_in(server_on_both, "h.meier", fresh) == 200


def test_disabled_enabled_and_reset(server_on_both: ApiServer, admin: httpx.Client) -> None:
    added(admin, name="h.meier", role="clinician", password=PASSWORD)
    with server_on_both.browser("h.meier") as page:
        assert admin.patch(f"{USERS}/h.meier", json={"disabled": True}).json()["disabled_at"]
        a_problem(page.get("/api/v1/session"), 401)
    assert logs_in(server_on_both, "h.meier", PASSWORD) == 401
    assert admin.patch(f"{USERS}/h.meier", json={"disabled": False}).json()["disabled_at"] is None
    with server_on_both.browser("h.meier") as page:
        other = f"another {PASSWORD}"
        assert admin.post(f"{USERS}/h.meier/password-reset", json={"password": other}).json()["password"] is None
        a_problem(page.get("/api/v1/session"), 401)
    assert logs_in(server_on_both, "h.meier", other) == 200


def test_the_last_administrator_stays_one(server_on_both: ApiServer, admin: httpx.Client) -> None:
    for change in ({"disabled": True}, {"role": "clinician"}):
        assert "last administrator" in a_problem(admin.patch(f"{USERS}/administrator", json=change), 409)
    added(admin, name="second", role="administrator")
    added(admin, name="third", role="administrator")
    assert admin.patch(f"{USERS}/third", json={"disabled": True}).status_code == 200

    # Two who take each other's right away at one moment: one of them is refused.
    with ThreadPoolExecutor() as pool:
        disable = [
            pool.submit(admin.patch, f"{USERS}/{name}", json={"disabled": True}) for name in ("administrator", "second")
        ]
        statuses = sorted(done.result().status_code for done in disable)

    assert statuses in ([200, 409], [200, 401]), "refused, or disabled before it could ask"
    with snapshot(server_on_both.engine) as session:
        left = [known_user(session, name).disabled_at for name in ("administrator", "second")]
    assert left.count(None) == 1


def test_tokens_are_told_once_listed_without_their_secret_and_revoked(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    added(admin, name="reports", role="service")
    tokens = f"{USERS}/reports/tokens"
    made = admin.post(tokens, json={"name": "fhir/1", "days": 30}).json()
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    me = f"{server_on_both.url}/api/v1/session"
    assert httpx.get(me, headers=bearer, timeout=PATIENCE).json()["user"] == "reports"

    listed = admin.get(tokens)
    assert [(token["name"], token["revoked_at"]) for token in listed.json()] == [("fhir/1", None)]
    assert made["secret"] not in listed.text
    assert "revoke it first" in a_problem(admin.post(tokens, json={"name": "fhir/1"}), 409)

    one = f"{tokens}/{made['token']['id']}"
    a_problem(admin.delete(f"{USERS}/administrator/tokens/{made['token']['id']}"), 404)
    assert admin.delete(one).status_code == 204
    assert httpx.get(me, headers=bearer, timeout=PATIENCE).status_code == 401
    a_problem(admin.delete(one), 404)
    a_problem(admin.get(f"{USERS}/nobody/tokens"), 404)


def test_every_change_is_audited_and_no_password_is_in_the_trail(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    made = added(admin, name="h.meier", role="clinician")
    admin.patch(f"{USERS}/h.meier", json={"role": "technician", "site": "north"})
    admin.patch(f"{USERS}/h.meier", json={"disabled": True})
    admin.patch(f"{USERS}/h.meier", json={"disabled": False})
    fresh = admin.post(f"{USERS}/h.meier/password-reset", json={}).json()["password"]
    token = admin.post(f"{USERS}/h.meier/tokens", json={"name": "x"}).json()
    admin.delete(f"{USERS}/h.meier/tokens/{token['token']['id']}")

    with snapshot(server_on_both.engine) as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == "h.meier").order_by(AuditEntry.position)
        ).all()
    assert [entry.action for entry in entries] == [
        "user-added",
        "user-changed",
        "user-disabled",
        "user-enabled",
        "user-reset",
        "token-added",
        "token-revoked",
    ]
    assert {(entry.actor, entry.role) for entry in entries} == {("administrator", "administrator")}
    assert entries[1].details == {
        "former": {"role": "clinician", "site": None},
        "role": "technician",
        "site": "north",
    }
    told = str([entry.details for entry in entries])
    for secret in (made["password"], fresh, token["secret"]):
        assert secret not in told
