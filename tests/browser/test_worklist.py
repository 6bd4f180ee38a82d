"""The worklist in Chromium, on the real API."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.pages import connection, log_in
from tests.support.web import ApiServer
from tests.support.worklist import (
    COLLEAGUE,
    DOCTOR,
    UNLIKE,
    add_case,
    add_failed,
    case_id,
    claim,
    pseudonym,
    row,
    shown,
    tab,
)

pytestmark = pytest.mark.browser


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

    expect(connection(page)).to_contain_text("Live")
    expect(row(page, second)).to_be_visible()
    assert shown(page) == [str(first), str(second)]
