"""What stands around every page, in Chromium: sessions, roles, upgrades, and no barriers."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.accounts import PASSWORD
from tests.support.pages import account, barriers, choose_in_account_menu, connection, fill_log_in, log_in
from tests.support.web import ApiServer
from tests.support.worklist import COLLEAGUE, DOCTOR, TECHNICIAN, UNLIKE, add_case, add_failed, row

pytestmark = pytest.mark.browser


def test_what_was_typed_when_the_session_ended_is_kept_and_asked_for_after_the_log_in(
    page: Page, server: ApiServer
) -> None:
    first, second = add_case(server, 1, 0.9), add_case(server, 2, 0.9)
    log_in(page, server, DOCTOR)
    expect(row(page, second)).to_be_visible()

    page.context.clear_cookies()
    page.get_by_role("searchbox", name="Search").fill("00000002")
    window = page.get_by_role("dialog", name="The session has ended")
    expect(window.get_by_label("User name")).to_have_value(DOCTOR)
    assert not barriers(page)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Log in", exact=True).click()

    expect(window).to_have_count(0)
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("00000002")
    expect(row(page, first)).to_have_count(0)
    expect(row(page, second)).to_be_visible()


def test_who_logs_in_next_sees_nothing_that_was_loaded_for_the_one_before(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    log_in(page, server, DOCTOR)
    expect(row(page, case)).to_be_visible()
    choose_in_account_menu(page, "Log out")
    page.route("**/api/v1/cases?*", lambda _: None)  # never answered

    fill_log_in(page, COLLEAGUE, PASSWORD)
    expect(connection(page)).to_contain_text("Live")
    expect(page.get_by_text("Loading cases…")).to_be_visible()
    expect(row(page, case)).to_have_count(0)


def test_a_page_that_is_older_than_the_server_says_so(page: Page, server: ApiServer) -> None:
    log_in(page, server, DOCTOR)
    newer = '<!doctype html><script type="module" src="/assets/newer.js"></script>'
    page.route(f"{server.url}/", lambda route: route.fulfill(body=newer, content_type="text/html"))

    server.stop()
    expect(connection(page)).to_contain_text("Connection lost")
    server.start()

    expect(page.get_by_text("Smearflow has been upgraded.")).to_be_visible()
    expect(page.get_by_role("button", name="Reload")).to_be_visible()


def test_light_or_dark_is_chosen_for_good(page: Page, server: ApiServer) -> None:
    page.emulate_media(color_scheme="light")
    log_in(page, server, DOCTOR)
    ground = page.locator("body")
    expect(ground).to_have_css("background-color", "rgb(246, 244, 249)")

    account(page).get_by_role("button").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(ground).to_have_css("background-color", "rgb(19, 17, 24)")
    page.reload()
    expect(ground).to_have_css("background-color", "rgb(19, 17, 24)")


def test_a_key_is_changed_and_kept(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    log_in(page, server, DOCTOR)
    page.keyboard.press("?")
    page.get_by_role("button", name="J: change the key for “Next case”").click()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="↓: change the key for “Next case”")).to_be_visible()

    page.reload()
    expect(row(page, case)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(row(page, case).get_by_role("link")).to_be_focused()


def test_a_technician_has_no_worklist(page: Page, server: ApiServer) -> None:
    log_in(page, server, TECHNICIAN)

    expect(page).to_have_url(f"{server.url}/captures")
    expect(page.get_by_role("navigation", name="Pages")).not_to_contain_text("Worklist")
    page.goto(f"{server.url}/worklist")
    expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_neither_log_in_nor_worklist_has_barriers(
    chromium: Browser, server: ApiServer, theme: Literal["light", "dark"], width: int
) -> None:
    add_case(server, 1, 0.9), add_case(server, 2, 0.1), add_case(server, 3, 0.4, UNLIKE)
    add_failed(server, 4)
    with chromium.new_context(color_scheme=theme, viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(server.url)
        expect(page.get_by_label("User name")).to_be_visible()
        assert not barriers(page)

        log_in(page, server, DOCTOR, "/worklist?queue=all&state=preliminary")
        expect(page.locator("tr[data-case]")).to_have_count(4)
        assert not barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.goto(f"{server.url}/worklist?queue=failed")
        expect(page.get_by_role("button", name="Retry")).to_be_visible()
        assert not barriers(page)
