"""What must not open a session: forged, altered, replayed and misdirected answers of an OpenID Connect provider."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.database import snapshot, transaction
from cloud_service.models import AuditEntry, WebSession
from tests.support.accounts import a_user
from tests.support.openid import BEGIN, begin, log_in, openid_server, told
from tests.support.openid_provider import CLIENT_ID, OpenIdProvider
from tests.support.web import ApiServer

DOCTOR = "h.meier"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as provider:
        yield provider


@pytest.fixture
def openid(tmp_path: Path, sqlite_url: str, provider: OpenIdProvider) -> Iterator[ApiServer]:
    with openid_server(tmp_path, sqlite_url, provider) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        yield server


@pytest.fixture
def browser(openid: ApiServer) -> Iterator[httpx.Client]:
    with openid.client(role=None) as browser:
        yield browser


def reasons(server: ApiServer) -> list[str]:
    """Why log-ins were refused; that no session was opened is looked at beside."""
    with snapshot(server.engine) as session:
        assert session.scalars(select(WebSession)).all() == []
        refused = session.scalars(select(AuditEntry).where(AuditEntry.action == "log-in-refused"))
        return [entry.details["reason"] for entry in refused]


def segment(value: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def unsigned(_provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return (segment({"alg": "none"}) + b"." + segment(claims) + b".").decode()


def signed_with_the_public_key(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    signed = segment({"alg": "HS256", "kid": provider.key.kid}) + b"." + segment(claims)
    signature = hmac.digest(provider.key.as_pem(private=False), signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def signed_by_another(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    own, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": str(provider.key.kid)})
    token = provider.signed(claims)
    provider.key = own
    return token


def altered(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{segment(claims | {'preferred_username': 'admin'}).decode()}.{signature}"


def nonsense(_provider: OpenIdProvider, _claims: dict[str, Any]) -> str:
    return "no.token.é"


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (unsigned, "unsupported_algorithm"),
        (signed_with_the_public_key, "unsupported_algorithm"),
        (signed_by_another, "bad_signature"),
        (altered, "bad_signature"),
        (nonsense, "decode_error"),
    ],
)
def test_a_token_that_the_provider_did_not_sign(
    openid: ApiServer,
    provider: OpenIdProvider,
    browser: httpx.Client,
    forge: Callable[[OpenIdProvider, dict[str, Any]], str],
    reason: str,
) -> None:
    provider.sign = lambda claims: forge(provider, claims)
    refused = log_in(browser)
    assert refused.status_code == 403
    assert f"cannot be trusted ({reason})" in told(refused)
    assert reasons(openid) == [reason]


def test_a_key_that_the_provider_does_not_show(
    openid: ApiServer, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    shown = provider.key
    provider.new_key()
    hidden, provider.key = provider.key, shown

    def sign(claims: dict[str, Any]) -> str:
        provider.key = hidden
        token = provider.signed(claims)
        provider.key = shown
        return token

    provider.sign = sign
    assert log_in(browser).status_code == 403
    assert reasons(openid) == ["unknown key"]


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        ({"iss": "https://evil.example"}, "invalid_claim: iss"),
        ({"iss": None}, "missing_claim: iss"),
        ({"aud": "another-client"}, "invalid_claim: aud"),
        ({"aud": [CLIENT_ID, "another-client"]}, "wrong authorised party"),
        ({"azp": "another-client"}, "wrong authorised party"),
        ({"exp": int(time.time()) - 3600}, "expired_token: exp"),
        ({"exp": None}, "missing_claim: exp"),
        ({"iat": int(time.time()) + 3600}, "invalid_claim: iat"),
        ({"nonce": "of another log-in"}, "wrong nonce"),
        ({"nonce": None}, "wrong nonce"),
        ({"sub": None}, "missing_claim: sub"),
        ({"sub": ""}, "invalid_claim: sub"),
        ({"sub": "x" * 256}, "subject no name"),
        ({"sub": "a\0"}, "subject no name"),
    ],
)
def test_a_token_for_another_client_log_in_or_time(
    openid: ApiServer, provider: OpenIdProvider, browser: httpx.Client, twist: dict[str, Any], reason: str
) -> None:
    provider.twist = twist
    assert log_in(browser).status_code == 403
    assert reasons(openid) == [reason]


def test_a_code_is_good_once_and_the_way_back_too(openid: ApiServer, browser: httpx.Client) -> None:
    way_back = begin(browser)
    attempt = browser.cookies["smearflow-openid"]
    assert browser.get(way_back).status_code == 303
    with openid.client(role=None) as thief:
        assert "not begun in this browser" in told(thief.get(way_back))
        thief.cookies.set("smearflow-openid", attempt)
        refused = thief.get(way_back)  # with the cookie stolen, it is for the provider to refuse its code
        assert refused.status_code == 403
        assert "invalid_grant: &lt;b&gt;no such code&lt;/b&gt;" in told(refused)
        assert "<b>" not in refused.text
    assert "not begun in this browser" in told(browser.get(way_back))


def test_a_way_back_with_another_state_or_from_another_browser(
    openid: ApiServer, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    with openid.client(role=None) as attacker:
        attackers = begin(attacker)  # a victim who follows it would work under the attacker's name
    for forged in (attackers, f"{BEGIN}/callback?code=x&state=wrong", f"{BEGIN}/callback?code=x&state=%C3%A9"):
        assert "not begun in this browser" in told(browser.get(forged))
    own = begin(browser)
    assert "not begun in this browser" in told(browser.get(attackers))
    assert reasons(openid) == ["wrong state"] * 4
    assert provider.asked["/token"] == 0
    assert browser.get(own).status_code == 303  # what came from elsewhere has not ended the log-in under way


def test_an_answer_from_another_provider_than_was_asked(
    openid: ApiServer, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    mixed_up = httpx.URL(begin(browser)).copy_set_param("iss", "https://evil.example")
    assert "another provider" in told(browser.get(mixed_up))
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    openid.stop()
    openid.start()  # so that the provider's metadata are read anew
    assert "another provider" in told(browser.get(httpx.URL(begin(browser)).copy_remove_param("iss")))
    assert reasons(openid) == ["wrong issuer"] * 2
    assert provider.asked["/token"] == 0


def test_what_the_provider_says_of_a_refusal_is_shown_as_text_and_only_to_who_asked(
    openid: ApiServer, browser: httpx.Client
) -> None:
    state = httpx.URL(begin(browser)).params["state"]
    script = {"error": "access_denied", "error_description": "<script>alert(1)</script>" + "x" * 1000}
    forged = browser.get(f"{BEGIN}/callback", params=script | {"state": "x"})
    assert "script" not in forged.text
    said = browser.get(f"{BEGIN}/callback", params=script | {"state": state})
    assert "access_denied: &lt;script&gt;alert(1)&lt;/script&gt;" in told(said)
    assert "<script" not in said.text
    assert len(told(said)) < 400
    assert "script-src 'self'" in said.headers["content-security-policy"]
    assert reasons(openid) == ["wrong state", "refused by the provider"]


def test_nobody_is_sent_anywhere_else(browser: httpx.Client) -> None:
    for name in ("next", "to", "redirect_uri", "return_to"):
        begun = browser.get(BEGIN, params={name: "https://evil.example"})
        assert "evil" not in begun.headers["location"]
    back = browser.get(begin(browser) + "&next=https://evil.example", headers={"Host": "evil.example"})
    assert back.headers["location"] == "/"


def test_too_many_refusals_have_to_wait(browser: httpx.Client) -> None:
    answers = [browser.get(f"{BEGIN}/callback?state=x&code=y").status_code for _ in range(31)]
    assert answers == [403] * 30 + [429]
    assert "Too many log-ins failed" in told(browser.get(f"{BEGIN}/callback?state=x&code=y"))
