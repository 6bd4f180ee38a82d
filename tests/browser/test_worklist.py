"""The worklist in Chromium, on the real API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from cloud_service.models import Capture, Case, InferenceJob
from shared.vocabulary import JobState
from tests.support.accounts import PASSWORD, a_user
from tests.support.pages import barriers, choose_in_account_menu, connection, fill_log_in, log_in
from tests.support.web import ApiServer, add_analysed, add_capture, give_up, jpeg, store, web_settings

pytestmark = pytest.mark.browser

DOCTOR, COLLEAGUE, TECHNICIAN = "h.meier", "k.osei", "a.lang"
UNLIKE = "Unlike the images that the model was trained on."


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.CLINICIAN, name=COLLEAGUE)
            a_user(session, Role.TECHNICIAN, name=TECHNICIAN, site="north")
        yield server


def pseudonym(number: int) -> str:
    return f"{number:08x}".ljust(32, "c")


def add_case(server: ApiServer, number: int, probability: float, *doubts: str, site: str = "north") -> UUID:
    """A case of one image, `number` minutes after the first; returns its id."""
    device = {"north": "scope-1", "south": "scope-9"}[site]
    add_analysed(
        server, 60 * number, probability, *doubts, case_pseudonym=pseudonym(number), site_id=site, device_id=device
    )
    return case_id(server, number)


def case_id(server: ApiServer, number: int) -> UUID:
    with transaction(server.engine) as session:
        return session.scalars(select(Case.id).where(Case.pseudonym == pseudonym(number))).one()


def add_failed(server: ApiServer, number: int) -> Capture:
    with transaction(server.engine) as session:
        capture = add_capture(session, 60 * number, case_pseudonym=pseudonym(number))
        store(session, server.blobs, capture, jpeg() + number.to_bytes(4))
        session.get_one(InferenceJob, capture.id).state = JobState.FAILED
        give_up(session, capture, "The worker ended three times.")
        return capture


def row(page: Page, case: UUID) -> Locator:
    return page.locator(f'tr[data-case="{case}"]')


def shown(page: Page) -> list[str]:
    found: list[str] = page.locator("tr[data-case]").evaluate_all("rows => rows.map(row => row.dataset.case)")
    return found


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Parts of the worklist").get_by_role("link", name=name)


def claim(client: httpx.Client, case: UUID) -> None:
    version = client.get(f"/api/v1/cases/{case}").json()["version"]
    assert client.post(f"/api/v1/cases/{case}/claim", json={"version": version}).status_code == 200


def test_opens_on_what_is_suspicious_and_mine_or_unclaimed_in_the_order_of_reading(
    page: Page, server: ApiServer
) -> None:
    late, early, surest = add_case(server, 5, 0.8), add_case(server, 1, 0.8), add_case(server, 7, 0.99)
    held, quiet, unsure = add_case(server, 2, 0.95), add_case(server, 3, 0.1), add_case(server, 4, 0.2, UNLIKE)
    with server.browser(COLLEAGUE) as colleague:
        claim(colleague, held)
    log_in(page, server, DOCTOR)

    expect(row(page, late)).to_be_visible()
    assert shown(page) == [str(surest), str(early), str(late)]
    expect(page.get_by_role("note")).to_contain_text("research use only")
    expect(row(page, surest)).to_contain_text("Suspicious: blast features seen in 1 of 1 image")
    expect(row(page, surest)).to_contain_text("99 %")
    expect(row(page, surest)).to_contain_text(re.compile("00000007.*1 image.*Good.*north.*scope-1.*Preliminary"))
    expect(row(page, surest).locator("img")).to_have_js_property("naturalWidth", 160)
    expect(tab(page, "Critical")).to_have_accessible_name("Critical 3")
    tab(page, "Cannot say 1").click()
    expect(row(page, unsure)).to_contain_text("The model cannot say: 1 image")
    expect(row(page, unsure).locator(".bar")).to_have_count(0)
    tab(page, "Routine 1").click()
    expect(row(page, quiet)).to_contain_text("No blast features seen in 1 image")
    assert not re.search("normal|healthy", page.locator("body").inner_text(), re.IGNORECASE)

    page.get_by_label("Held by").select_option("Anybody or nobody")
    tab(page, "All 6").click()
    expect(row(page, held)).to_contain_text(re.compile(f"Claimed.*{COLLEAGUE}"))


def test_filters_stand_in_the_address_and_are_asked_of_the_server(page: Page, server: ApiServer) -> None:
    north, south = add_case(server, 1, 0.9), add_case(server, 2, 0.9, site="south")
    log_in(page, server, DOCTOR)
    expect(row(page, north)).to_be_visible()

    page.get_by_label("Site").select_option("south")
    expect(page).to_have_url(f"{server.url}/worklist?site=south")
    expect(row(page, north)).to_have_count(0)
    expect(tab(page, "Critical")).to_have_accessible_name("Critical 1")
    page.reload()
    expect(row(page, south)).to_be_visible()
    assert shown(page) == [str(south)]
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("searchbox", name="Search").fill(pseudonym(1)[:8])
    expect(page).to_have_url(f"{server.url}/worklist?search=00000001")
    expect(row(page, south)).to_have_count(0)
    page.get_by_role("searchbox", name="Search").fill("nothing begins so")
    expect(page.get_by_text("No case fits the filters.")).to_be_visible()
    page.goto(f"{server.url}/worklist?queue=all&sort=newest&from=2026-11-22&search=smear")
    expect(row(page, north)).to_be_visible()
    assert shown(page) == [str(south), str(north)]
    expect(page.get_by_label("Newest image from")).to_have_value("2026-11-22")


def test_news_come_by_themselves_while_nobody_works_in_the_list(page: Page, server: ApiServer) -> None:
    log_in(page, server, DOCTOR)
    expect(page.get_by_text("No suspicious case waits for a signature.")).to_be_visible()
    page.evaluate("window.stillTheSamePage = true")

    first = add_case(server, 1, 0.8)
    expect(row(page, first)).to_be_visible()
    second = add_case(server, 2, 0.9)
    expect(row(page, second)).to_be_visible()
    assert shown(page) == [str(second), str(first)]
    expect(tab(page, "Critical")).to_have_accessible_name("Critical 2")
    assert page.evaluate("window.stillTheSamePage")


def test_no_row_moves_under_the_pointer_until_the_news_are_taken_in(page: Page, server: ApiServer) -> None:
    first, second = add_case(server, 1, 0.8), add_case(server, 2, 0.7)
    log_in(page, server, DOCTOR)
    row(page, second).hover()
    before = row(page, second).bounding_box()

    third = add_case(server, 3, 0.99)
    with server.browser(COLLEAGUE) as colleague:
        claim(colleague, second)
    news = page.get_by_role("button", name="1 new")
    expect(news).to_be_visible()
    expect(row(page, second)).to_contain_text(re.compile(f"Claimed.*{COLLEAGUE}"))
    assert shown(page) == [str(first), str(second)]
    assert row(page, second).bounding_box() == before

    page.keyboard.press("n")
    expect(news).to_have_count(0)
    expect(row(page, third)).to_be_visible()
    assert shown(page) == [str(third), str(first)]


def test_the_keyboard_walks_over_the_rows_and_lists_its_keys(page: Page, server: ApiServer) -> None:
    first, second = add_case(server, 1, 0.9), add_case(server, 2, 0.8)
    log_in(page, server, DOCTOR)
    expect(row(page, second)).to_be_visible()

    page.keyboard.press("j")
    expect(row(page, first).get_by_role("link")).to_be_focused()
    page.keyboard.press("j")
    expect(row(page, second).get_by_role("link")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next case")
    page.keyboard.press("Escape")
    expect(row(page, second).get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/cases/{second}")
    expect(page).to_have_title("Case · Smearflow")
    page.go_back()
    expect(row(page, second)).to_be_visible()
    expect(page).to_have_title("Worklist · Smearflow")


def test_a_failed_image_stands_there_with_its_reason_and_is_tried_again(page: Page, server: ApiServer) -> None:
    capture = add_failed(server, 1)
    case = case_id(server, 1)
    log_in(page, server, DOCTOR, "/worklist?queue=failed")

    expect(row(page, case)).to_be_visible()
    failed = page.get_by_role("list", name="Failed images").locator(f'[data-capture="{capture.id}"]')
    expect(failed).to_contain_text("The worker ended three times.")
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_have_count(0)
    page.mouse.move(0, 0)
    expect(page.get_by_text("No analysis of an image has failed.")).to_be_visible()
    tab(page, "Waiting 1").click()
    expect(row(page, case)).to_contain_text("No answer yet")


def test_many_cases_come_by_pages(page: Page, server: ApiServer) -> None:
    for number in range(60):
        add_case(server, number, 0.9)
    log_in(page, server, DOCTOR)

    expect(page.locator("tr[data-case]")).to_have_count(50)
    page.get_by_role("button", name="Show more cases").click()
    expect(page.locator("tr[data-case]")).to_have_count(60)
    assert len(set(shown(page))) == 60


def test_a_server_that_was_away_is_caught_up_with(page: Page, server: ApiServer) -> None:
    first = add_case(server, 1, 0.9)
    log_in(page, server, DOCTOR)
    expect(row(page, first)).to_be_visible()

    server.stop()
    expect(connection(page)).to_contain_text("Connection lost")
    second = add_case(server, 2, 0.8)
    server.start()

    expect(connection(page)).to_contain_text("Live", timeout=15_000)
    expect(row(page, second)).to_be_visible()
    assert shown(page) == [str(first), str(second)]


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

    expect(page.get_by_text("Smearflow has been upgraded.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Reload")).to_be_visible()


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
