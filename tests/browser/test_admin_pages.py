"""The administrator's pages in Chromium: users, devices, the audit trail, the system's health."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from cloud_service.devices.enrolment_codes import make_code
from cloud_service.devices.orders import confirm_order
from cloud_service.devices.summary import record_device_event
from cloud_service.models import AuditEntry, Device, DeviceCommand, EnrolmentCode
from tests.support.accounts import TESTER, a_user
from tests.support.pages import account, barriers, fill_log_in, log_in
from tests.support.web import ApiServer, add_analysed, add_device, add_heartbeat, web_settings

pytestmark = pytest.mark.browser

ADMIN, DOCTOR = "admin", "h.meier"


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.ADMINISTRATOR, name=ADMIN)
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        yield server


def user_row(page: Page, name: str) -> Locator:
    return page.locator(f'tr[data-user="{name}"]')


def choose(page: Page, row: str, deed: str) -> Locator:
    """Choose what is to be done with a row; returns the window that opens."""
    page.get_by_role("button", name=f"Actions for {row}").click()
    page.get_by_role("menuitem", name=deed).click()
    return page.get_by_role("dialog")


def shown_secret(window: Locator, name: str) -> str:
    """A secret that is shown, after a look that only its own button closes the window."""
    secret = window.get_by_label(name, exact=True)
    expect(secret).to_be_visible()
    window.page.keyboard.press("Escape")
    expect(window.get_by_role("button", name="Copy")).to_be_visible()
    return secret.inner_text()


def is_kept_nowhere(page: Page, secret: str) -> bool:
    """Whether a secret has left the page, and what the browser keeps for it."""
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    return secret not in page.evaluate(
        "document.documentElement.outerHTML + JSON.stringify({...localStorage, ...sessionStorage})"
    )


def test_a_user_is_added_and_logs_in(page: Page, server: ApiServer, chromium: Browser) -> None:
    with transaction(server.engine) as session:
        add_device(session)  # a site comes with its first device
    log_in(page, server, ADMIN, "/users")
    page.get_by_role("button", name="Add a user").click()
    window = page.get_by_role("dialog", name="Add a user")
    window.get_by_label("Name", exact=True).fill(DOCTOR)
    window.get_by_role("radio", name="Technician").check()
    window.get_by_label("Site", exact=True).select_option("north")
    window.get_by_role("button", name="Add user").click()
    expect(window.get_by_role("alert")).to_contain_text("There is a user 'h.meier' already")
    window.get_by_label("Name", exact=True).fill("n.neu")
    window.get_by_role("button", name="Add user").click()
    password = shown_secret(page.get_by_role("dialog", name="User added"), "Password")
    assert is_kept_nowhere(page, password)
    expect(user_row(page, "n.neu")).to_contain_text(re.compile("Technician.*north.*Active.*never"))

    with chromium.new_context() as context:
        other = context.new_page()
        other.goto(server.url)
        fill_log_in(other, "n.neu", password)
        expect(account(other)).to_contain_text("n.neu technician, north")


def test_a_user_is_disabled_and_enabled_again(page: Page, server: ApiServer) -> None:
    log_in(page, server, ADMIN, "/users")
    with server.browser(DOCTOR) as doctor:
        window = choose(page, DOCTOR, "Disable…")
        expect(window).to_contain_text("Enabling takes it back")
        window.get_by_role("button", name="Cancel").click()
        assert doctor.get("/api/v1/session").status_code == 200
        choose(page, DOCTOR, "Disable…").get_by_role("button", name="Disable").click()
        expect(user_row(page, DOCTOR)).to_contain_text("Disabled")
        assert doctor.get("/api/v1/session").status_code == 401
    choose(page, DOCTOR, "Enable…").get_by_role("button", name="Enable").click()
    expect(user_row(page, DOCTOR)).to_contain_text("Active")

    window = choose(page, ADMIN, "Disable…")
    window.get_by_role("button", name="Disable").click()
    expect(window.get_by_role("alert")).to_contain_text("administrator")
    expect(user_row(page, ADMIN)).to_contain_text("Active")


def test_a_user_gets_another_role_and_password(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        add_device(session)
    log_in(page, server, ADMIN, "/users")
    window = choose(page, DOCTOR, "Role and site…")
    window.get_by_role("radio", name="Technician").check()
    window.get_by_label("Site", exact=True).select_option("north")
    window.get_by_role("button", name="Change").click()
    expect(user_row(page, DOCTOR)).to_contain_text(re.compile("Technician.*north"))

    choose(page, DOCTOR, "New password…").get_by_role("button", name="Reset password").click()
    password = shown_secret(page.get_by_role("dialog", name="New password"), "Password")
    assert is_kept_nowhere(page, password)
    given = {"user": DOCTOR, "password": password}
    logged_in = httpx.post(f"{server.url}/api/v1/session", json=given, headers={"x-smearflow-page": "1"})
    assert logged_in.json()["role"] == "technician"


def test_a_token_is_shown_once_opens_the_api_and_is_revoked(page: Page, server: ApiServer) -> None:
    log_in(page, server, ADMIN, "/users")
    window = choose(page, DOCTOR, "Tokens…")
    expect(window).to_contain_text("No token yet")
    window.get_by_label("Name of the program").fill("reports")
    window.get_by_role("button", name="Make a token").click()
    token = shown_secret(page.get_by_role("dialog", name="Token reports"), "Token")
    assert is_kept_nowhere(page, token)
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/api/v1/session", headers=bearer).json()["user"] == DOCTOR

    window = page.get_by_role("dialog", name=f"Tokens of {DOCTOR}")
    window.get_by_role("button", name="Revoke reports").click()
    page.get_by_role("dialog", name="Revoke the token?").get_by_role("button", name="Revoke").click()
    expect(window).to_contain_text("Revoked")
    assert httpx.get(f"{server.url}/api/v1/session", headers=bearer).status_code == 401


def test_a_code_for_a_device_is_shown_once(page: Page, server: ApiServer) -> None:
    log_in(page, server, ADMIN, "/devices")
    expect(page.get_by_role("heading", name="No device yet")).to_be_visible()
    page.get_by_role("button", name="Enrol a device").click()
    window = page.get_by_role("dialog", name="Enrol a device")
    window.get_by_label("Site", exact=True).fill("west")
    window.get_by_label("Device", exact=True).fill("scope-9")
    window.get_by_role("button", name="Make the code").click()

    window = page.get_by_role("dialog", name="Enrolment code for scope-9")
    code = shown_secret(window, "Code")
    assert re.fullmatch(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}", code)
    expect(window).to_contain_text(f"smearflow-edge enrol --url {server.url} --code {code}")
    with transaction(server.engine) as session:
        kept = session.scalars(select(EnrolmentCode)).one()
        assert (kept.site_id, kept.device_id) == ("west", "scope-9")
    assert is_kept_nowhere(page, code)

    listed = page.locator("tr[data-code-for=scope-9]")
    expect(listed).to_contain_text(re.compile("scope-9 west.*admin.*just now.*in (1 day|23 hours)"))
    listed.get_by_role("button", name="Withdraw the code for scope-9").click()
    page.get_by_role("dialog", name="Withdraw the code").get_by_role("button", name="Withdraw").click()
    expect(listed).to_have_count(0)
    refused = httpx.post(f"{server.url}/api/v1/enrolments", json={"code": code})
    assert (refused.status_code, "wrong, used or expired" in refused.text) == (404, True)


def test_a_device_is_paused_and_its_own_word_is_awaited(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        add_device(session)
    log_in(page, server, ADMIN, "/devices")
    row = page.locator("tr[data-device=scope-1]")
    expect(row).to_contain_text(re.compile("Online.*3 captures.*0.1.0"))
    row.get_by_role("button", name="Pause scope-1").click()
    expect(row).to_contain_text("Pause: waits until the device is online")
    expect(row.get_by_role("button", name="Resume scope-1")).to_be_visible()

    with transaction(server.engine) as session:
        device = session.get_one(Device, "scope-1")
        assert confirm_order(session, device.id, session.scalars(select(DeviceCommand.id)).one())
        device.paused = True
        record_device_event(session, device)
    expect(row).to_contain_text("Paused")
    expect(row).not_to_contain_text("waits")
    row.get_by_role("button", name="Resume scope-1").click()
    expect(row).to_contain_text("Resume: waits")


def test_the_audit_trail_finds_what_was_just_done_and_shows_a_forgery(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        add_device(session)
    log_in(page, server, ADMIN, "/devices")
    page.get_by_role("button", name="Pause scope-1").click()
    expect(page.get_by_role("button", name="Resume scope-1")).to_be_visible()

    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("region", name="Verification")).to_contain_text("Whole.")
    page.get_by_label("What", exact=True).select_option("device-commanded")
    page.get_by_label("To whom or what").fill("scope-1")
    expect(page).to_have_url(re.compile(r"action=device-commanded&subject=scope-1$"))
    entries = page.locator("tr[data-entry]")
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text(re.compile("admin.*Device commanded.*scope-1.*pause"))
    page.reload()
    expect(entries).to_have_count(1)
    page.get_by_label("Who", exact=True).fill("nobody")
    expect(page.get_by_role("heading", name="No entry")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile(r"/audit$"))

    with transaction(server.engine) as session:
        session.scalars(select(AuditEntry).where(AuditEntry.subject == "scope-1")).one().actor = DOCTOR
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("region", name="Verification")).to_contain_text("The trail was tampered with.")


def test_the_system_says_what_is_amiss(page: Page, server: ApiServer) -> None:
    log_in(page, server, ADMIN, "/system")
    state = page.get_by_role("main").get_by_role("status")
    expect(state).to_contain_text("No worker is alive.")
    expect(state).to_contain_text("Ingest is not there.")

    with transaction(server.engine) as session:
        add_heartbeat(session, "cloud-1:7")
    page.reload()
    expect(state).to_contain_text("Ingest is not there.")
    expect(state).not_to_contain_text("No worker")
    expect(page.get_by_role("row", name="cloud-1:7")).to_contain_text("Alive")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_barriers_and_fit(page: Page, server: ApiServer, theme: Any) -> None:
    add_analysed(server, 0, 0.9)
    with transaction(server.engine) as session:
        add_heartbeat(session, "cloud-1:7")
        session.get_one(Device, "scope-1").clock_skew_seconds = 4000.0
        make_code(session, TESTER, site="north", device="scope-2")
    page.emulate_media(color_scheme=theme)
    log_in(page, server, ADMIN)
    for address, awaited in {
        "users": "h.meier",
        "devices": "scope-1",
        "models": "se-cnn demo-1",
        "audit": "Whole.",
        "system": "cloud-1:7",
    }.items():
        page.goto(f"{server.url}/{address}")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.get_by_role("main").get_by_text(awaited).first).to_be_visible()
            assert barriers(page) == [], (address, width)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (address, width)
    page.goto(f"{server.url}/users")
    for deed in ("Role and site…", "New password…", "Tokens…", "Disable…"):
        expect(choose(page, DOCTOR, deed)).to_be_visible()
        assert barriers(page) == [], deed
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
