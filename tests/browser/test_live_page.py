"""The live page in Chromium, while captures arrive."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from cloud_service.models import Capture, InferenceJob, WireRefusal
from shared.vocabulary import CaptureState, JobState
from tests.support import pages
from tests.support.accounts import PASSWORD, a_user
from tests.support.pages import account, choose_in_account_menu, connection, fill_log_in
from tests.support.web import (
    ApiServer,
    add_analysed,
    add_capture,
    analyse,
    give_up,
    jpeg,
    store,
    web_settings,
)

pytestmark = pytest.mark.browser

DOCTOR, TECHNICIAN = "h.meier", "a.lang"


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.TECHNICIAN, name=TECHNICIAN, site="north")
        yield server


def log_in(page: Page, server: ApiServer, user: str = DOCTOR) -> None:
    pages.log_in(page, server, user, "/captures?day=all")


def row(page: Page, capture_id: UUID) -> Locator:
    return page.locator(f'tr[data-capture="{capture_id}"]')


def test_only_the_right_password_opens_the_page_and_a_reload_keeps_the_session(page: Page, server: ApiServer) -> None:
    page.goto(server.url)
    expect(page.get_by_role("note")).to_contain_text("research use only")
    fill_log_in(page, DOCTOR, "a wrong password")
    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")

    log_in(page, server)
    expect(page.get_by_role("note")).to_contain_text("research use only")
    expect(account(page)).to_contain_text("h.meier clinician")
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    page.reload()
    expect(page.get_by_role("heading", name="No captures yet")).to_be_visible()
    expect(account(page)).to_contain_text("h.meier clinician")

    choose_in_account_menu(page, "Log out")
    expect(page.get_by_label("User name")).to_be_visible()
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()


def test_a_technician_sees_the_captures_of_one_site_and_is_offered_no_retry(page: Page, server: ApiServer) -> None:
    elsewhere = add_analysed(server, 0, 0.9, site_id="south", device_id="scope-2")
    with transaction(server.engine) as session:
        failed = add_capture(session, 1)
        store(session, server.blobs, failed, jpeg())
        give_up(session, failed, "The worker ended three times.")
    log_in(page, server, TECHNICIAN)

    expect(account(page)).to_contain_text("a.lang technician, north")
    expect(row(page, failed.id)).to_contain_text("The worker ended three times.")
    add_analysed(server, 2, 0.9, site_id="south", device_id="scope-2")
    here = add_analysed(server, 3, 0.9)
    expect(row(page, here)).to_contain_text("Suspicious")
    expect(page.locator("tr[data-capture]")).to_have_count(2)
    expect(row(page, elsewhere)).to_have_count(0)
    expect(page.get_by_role("list", name="Devices")).not_to_contain_text("scope-2")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)


def test_a_user_takes_another_password_and_logs_in_with_it(page: Page, server: ApiServer) -> None:
    log_in(page, server)
    choose_in_account_menu(page, "Change password…")
    dialog = page.get_by_role("dialog", name="Change password")
    dialog.get_by_label("Present password").fill(PASSWORD)
    dialog.get_by_label("New password").fill("h.meier h.meier")
    dialog.get_by_role("button", name="Change").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Beyond the names")

    dialog.get_by_label("New password").fill("another four rare words")
    dialog.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_contain_text("The password is changed")
    fill_log_in(page, DOCTOR, PASSWORD)
    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    fill_log_in(page, DOCTOR, "another four rare words")
    expect(connection(page)).to_contain_text("Live")


def test_a_capture_appears_and_its_result_follows_without_a_reload(page: Page, server: ApiServer) -> None:
    log_in(page, server)
    page.evaluate("window.stillTheSamePage = true")

    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
    expect(row(page, capture.id)).to_contain_text("Arriving")
    with transaction(server.engine) as session:
        capture = session.get_one(Capture, capture.id)
        store(session, server.blobs, capture, jpeg())
    expect(row(page, capture.id)).to_contain_text("Waiting")
    with transaction(server.engine) as session:
        analyse(session, session.get_one(Capture, capture.id), 0.87)
    expect(row(page, capture.id)).to_contain_text("Suspicious: blast features seen")
    expect(row(page, capture.id)).to_contain_text("87 %")

    thumbnail = row(page, capture.id).locator("img")
    expect(thumbnail).to_have_js_property("naturalWidth", 160)
    expect(page.get_by_role("button", name="1 Analysed")).to_be_visible()
    expect(page.get_by_role("list", name="Devices")).to_contain_text("scope-1")
    assert page.evaluate("window.stillTheSamePage")
    assert not re.search("normal|healthy", page.locator("body").inner_text(), re.IGNORECASE)


def test_a_doubted_answer_says_so_first_in_the_table_and_in_the_panel(page: Page, server: ApiServer) -> None:
    log_in(page, server)
    doubt = "Unlike the images that the model was trained on: its answer means nothing."
    doubted, sure = add_analysed(server, 0, 0.0004, doubt), add_analysed(server, 1, 0.93)

    expect(row(page, sure)).to_contain_text("Suspicious: blast features seen")
    row(page, doubted).get_by_role("button").click()
    for shown in (row(page, doubted).locator(".answer"), page.get_by_role("complementary", name="Capture")):
        expect(shown).to_contain_text(re.compile(f"Cannot say.*{re.escape(doubt)}.*own answer: No blast features seen"))
        expect(shown).to_contain_text("< 1 %")
        expect(shown.locator(".bar")).to_have_count(0)
    expect(row(page, sure)).not_to_contain_text("Cannot say")
    assert not re.search("normal|healthy", page.locator("body").inner_text(), re.IGNORECASE)


def test_script_in_a_name_is_shown_and_not_run(page: Page, server: ApiServer) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    log_in(page, server)

    capture_id = add_analysed(server, 0, 0.2, smear=evil, stain=f'"{evil}')
    row(page, capture_id).get_by_role("button", name=evil).click()

    expect(page.get_by_role("complementary").get_by_role("heading", name=evil)).to_be_visible()
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_a_restart_of_the_server_leaves_no_gap_and_no_double(page: Page, server: ApiServer) -> None:
    log_in(page, server)
    ids = [add_analysed(server, 0, 0.1)]
    expect(row(page, ids[0])).to_be_visible()

    server.stop()
    expect(connection(page)).to_contain_text("Connection lost")
    ids += [add_analysed(server, number, 0.9) for number in range(1, 6)]
    server.start()

    expect(connection(page)).to_contain_text("Live")
    ids.append(add_analysed(server, 6, 0.1))
    expect(row(page, ids[-1])).to_contain_text("No blast features seen")
    shown = page.locator("tr[data-capture]").evaluate_all("rows => rows.map(row => row.dataset.capture)")
    assert shown == [str(capture_id) for capture_id in reversed(ids)]


def test_a_failed_capture_says_why_and_is_tried_again(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        store(session, server.blobs, capture, jpeg())
        session.get_one(InferenceJob, capture.id).state = JobState.FAILED
        give_up(session, capture, "The worker ended three times.")
        refused = add_capture(session, 1, state=CaptureState.REFUSED, reason="The image is in CMYK.")
        session.add(WireRefusal(topic="smearflow/v1/north/scope-1/up/announce", reason="No JSON.", count=2))
    log_in(page, server)

    expect(row(page, refused.id)).to_contain_text("The image is in CMYK.")
    expect(page.get_by_text("2 messages were refused")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"\d Failed")).click()
    expect(row(page, refused.id)).to_have_count(0)
    expect(row(page, capture.id)).to_contain_text("The worker ended three times.")
    row(page, capture.id).get_by_role("button", name="Retry").click()

    expect(page.get_by_role("heading", name="None here")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"\d Failed")).click()
    expect(row(page, capture.id)).to_contain_text("Waiting")


def test_the_panel_opens_and_closes_by_keyboard_and_follows_its_capture(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        capture = add_capture(session, 0)
        store(session, server.blobs, capture, jpeg())
    log_in(page, server)

    row(page, capture.id).get_by_role("button").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Capture")
    expect(panel.get_by_role("img")).to_have_js_property("naturalWidth", 640)
    expect(panel).to_contain_text("Received and verified")
    analysed = panel.get_by_role("listitem").filter(has_text="Analysed by the model")
    expect(analysed).to_contain_text("not yet")
    with transaction(server.engine) as session:
        analyse(session, session.get_one(Capture, capture.id), 0.2)
    expect(analysed).not_to_contain_text("not yet")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_many_captures_are_shown_in_part_and_can_be_paged(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        for number in range(250):
            add_capture(session, number)
    log_in(page, server)
    rows = page.locator("tr[data-capture]")
    expect(rows).to_have_count(100)

    with transaction(server.engine) as session:
        for number in range(250, 400):
            add_capture(session, number)
    expect(page.get_by_text("smear 399", exact=True)).to_be_visible()
    expect(rows).to_have_count(200)
    page.get_by_role("button", name="Show older captures").click()
    expect(rows).to_have_count(300)
    expect(page.get_by_text("smear 150", exact=True)).to_be_attached()


def test_a_session_that_ends_is_renewed_over_the_page(page: Page, server: ApiServer) -> None:
    log_in(page, server)
    capture_id = add_analysed(server, 0, 0.9)
    row(page, capture_id).get_by_role("button").click()

    page.context.clear_cookies()
    server.stop()
    server.start()
    window = page.get_by_role("dialog", name="The session has ended")
    expect(window).to_be_visible()
    page.keyboard.press("Escape")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Log in", exact=True).click()

    expect(window).to_have_count(0)
    expect(connection(page)).to_contain_text("Live")
    expect(page.get_by_role("complementary", name="Capture")).to_be_visible()
