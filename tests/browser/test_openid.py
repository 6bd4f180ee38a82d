"""Log-in through an OpenID Connect provider in Chromium, over the cookie rules of a real browser between two sites."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from cloud_service.models import WebSession
from tests.support.accounts import a_user
from tests.support.openid import openid_server
from tests.support.openid_provider import OpenIdProvider
from tests.support.pages import barriers
from tests.support.pages import log_in as log_in_by_password
from tests.support.web import ApiServer

pytestmark = pytest.mark.browser

BUTTON = re.compile("Log in with Hospital")
AT_PROVIDER = re.compile("I am")


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as provider:
        yield provider


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str, provider: OpenIdProvider) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with openid_server(tmp_path, sqlite_url, provider) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name="h.meier")
        yield server


def log_in(page: Page) -> None:
    page.get_by_role("link", name=BUTTON).click()
    page.get_by_role("link", name=AT_PROVIDER).click()


def test_the_button_leads_to_the_provider_and_back_to_the_page(page: Page, server: ApiServer) -> None:
    page.goto(server.url)
    log_in(page)

    expect(page.get_by_role("group", name="Account")).to_contain_text("h.meier")
    (session,) = page.context.cookies(server.url)
    assert (session["name"], session["sameSite"]) == ("smearflow-session", "Strict")


def test_who_is_not_let_in_reads_why_and_finds_the_way_back(
    page: Page, server: ApiServer, provider: OpenIdProvider
) -> None:
    provider.person["preferred_username"] = "<b>nobody</b>"
    page.goto(server.url)
    log_in(page)

    expect(page.get_by_role("alert")).to_contain_text("Smearflow knows no user '<b>nobody</b>'")
    page.get_by_role("link", name="Back to the log-in").click()
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_administrator_sees_binds_and_unbinds_the_account(
    page: Page, server: ApiServer, provider: OpenIdProvider, theme: Any
) -> None:
    with transaction(server.engine) as session:
        a_user(session, Role.ADMINISTRATOR, name="admin")
        moved = a_user(session, Role.CLINICIAN, name="m.moved")
        moved.openid_issuer, moved.openid_subject = "https://former.example", "7"
    page.emulate_media(color_scheme=theme)
    log_in_by_password(page, server, "admin", "/users")
    doctor, former = page.locator('tr[data-user="h.meier"]'), page.locator('tr[data-user="m.moved"]')
    expect(doctor).to_contain_text("Password or Hospital <Log-in>, bound at the first log-in")
    expect(former).to_contain_text("bound to a provider that is not used any more")

    window = opened(page, "m.moved", "Account at Hospital <Log-in>…")
    expect(window).to_contain_text("https://former.example, which the settings name no more")
    assert barriers(page) == []
    window.get_by_role("button", name="Unbind it instead…").click()
    page.get_by_role("dialog", name="Unbind m.moved?").get_by_role("button", name="Unbind").click()
    expect(former).to_contain_text("bound at the first log-in")

    window = opened(page, "h.meier", "Account at Hospital <Log-in>…")
    expect(window.get_by_label("Issuer")).to_have_value(provider.issuer)
    window.get_by_label("Subject").fill("two words")
    window.get_by_role("button", name="Bind").click()
    expect(window.get_by_role("alert")).to_contain_text("'two words' is no subject")
    window.get_by_label("Subject").fill("248289761001")
    window.get_by_role("button", name="Bind").click()
    expect(doctor).to_contain_text("248289761001")
    expect(doctor).not_to_contain_text("bound at the first log-in")
    assert barriers(page) == []


def opened(page: Page, user: str, deed: str) -> Locator:
    """The window that a choice in a user's row opens."""
    page.get_by_role("button", name=f"Actions for {user}").click()
    page.get_by_role("menuitem", name=deed).click()
    return page.get_by_role("dialog")


def test_over_work_the_log_in_takes_another_tab_and_the_page_goes_on(page: Page, server: ApiServer) -> None:
    page.goto(server.url)
    log_in(page)
    expect(page.get_by_role("group", name="Account")).to_contain_text("h.meier")
    page.evaluate("window.worked = true")
    with transaction(server.engine) as session:
        session.execute(delete(WebSession))
    expired = page.get_by_role("dialog", name="The session has ended")
    expect(expired).to_be_visible()

    with page.context.expect_page() as opened:
        expired.get_by_role("link", name=BUTTON).click()
    tab = opened.value
    tab.get_by_role("link", name=AT_PROVIDER).click()
    expect(tab.get_by_role("group", name="Account")).to_contain_text("h.meier")
    tab.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # which a browser without a window does not send

    expect(expired).to_be_hidden()
    assert page.evaluate("window.worked")
