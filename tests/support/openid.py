"""An API server whose users may come from a provider, and a browser's steps from one to the other."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import select

from cloud_service.audit.verify import verify
from cloud_service.database import snapshot
from cloud_service.local_stack.ports import free_port
from cloud_service.models import AuditEntry
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.support.web import ApiServer, web_settings

BEGIN = "/api/v1/session/openid"


@contextmanager
def openid_server(folder: Path, database_url: str, provider: OpenIdProvider, **changes: Any) -> Iterator[ApiServer]:
    """A server whose settings name the provider."""
    port = free_port()
    fields: dict[str, Any] = {
        "api_port": port,
        "openid_issuer": provider.issuer,
        "openid_timeout_seconds": 60,
        "openid_name": "Hospital <Log-in>",
        "openid_client_id": CLIENT_ID,
        "openid_client_secret": SecretStr(CLIENT_SECRET),
        "openid_public_url": f"http://127.0.0.1:{port}/",
    }
    with ApiServer(web_settings(folder, database_url, **(fields | changes))) as server:
        yield server


def begin(browser: httpx.Client) -> str:
    """Press the button, and agree on the provider's page; returns the address to which that sends the browser back."""
    begun = browser.get(BEGIN)
    assert begun.status_code == 303, begun.text
    # Without the browser's cookies: the provider is another site.
    page = httpx.get(begun.headers["location"], timeout=60)
    link = re.search(r'href="([^"]+)"', page.text)
    assert link, page.text
    agreed = httpx.get(str(page.url.join(unescape(link[1]))), timeout=60)
    assert agreed.status_code == 303, agreed.text
    return str(agreed.headers["location"])


def log_in(browser: httpx.Client) -> httpx.Response:
    """The whole way; returns the API's answer to the browser that comes back."""
    return browser.get(begin(browser))


def told(refusal: httpx.Response) -> str:
    """What the page of a refusal says, after a look at its form."""
    assert refusal.headers["content-type"] == "text/html; charset=utf-8"
    assert "smearflow-session" not in refusal.cookies
    said = re.search(r'<p role="alert">(.*)</p>', refusal.text)
    assert said, refusal.text
    return said[1]


def trail(server: ApiServer, *actions: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Actor, subject and details of the audit trail's entries of these actions, after a look that it is whole."""
    with snapshot(server.engine) as session:
        verify(session)
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.position)
        )
        return [(entry.actor, entry.subject, entry.details) for entry in entries]
