"""The page of captures in Chromium, as a technician works with it: by day, live, on a phone."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from cloud_service.database import transaction
from cloud_service.devices.summary import record_device_event
from cloud_service.models import Capture, Device, now
from shared.vocabulary import CaptureState
from tests.support.pages import barriers, log_in
from tests.support.web import ApiServer, add_analysed, add_capture, analyse, give_up, jpeg, store
from tests.support.worklist import TECHNICIAN

pytestmark = pytest.mark.browser

ELSEWHERE = {"site_id": "south", "device_id": "scope-2"}
PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


def row(page: Page, capture_id: UUID) -> Locator:
    return page.locator(f'tr[data-capture="{capture_id}"]')


def taken(days_ago: int = 0) -> dict[str, Any]:
    """Changes that let a capture be taken now, or days ago."""
    moment = now() - timedelta(days=days_ago)
    return {"captured_at": moment, "announced_at": moment}


def test_today_is_shown_live_and_other_days_and_sites_are_not(page: Page, server: ApiServer) -> None:
    earlier = add_analysed(server, 0, 0.9, **taken(days_ago=1))
    elsewhere = add_analysed(server, 1, 0.9, **taken(), **ELSEWHERE)
    log_in(page, server, TECHNICIAN)
    expect(page).to_have_url(re.compile(r"/captures$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Captures today")
    expect(page.get_by_role("heading", name="No captures yet")).to_be_visible()

    with transaction(server.engine) as session:
        capture = add_capture(session, 2, **taken())
    expect(row(page, capture.id)).to_contain_text("Captured at the microscope")
    with transaction(server.engine) as session:
        store(session, server.blobs, session.get_one(Capture, capture.id), jpeg())
    expect(row(page, capture.id)).to_contain_text("Received and verified")
    with transaction(server.engine) as session:
        analyse(session, session.get_one(Capture, capture.id), 0.2)
    expect(row(page, capture.id)).to_contain_text("Analysed by the model")
    late = add_analysed(server, 3, 0.9, **taken(days_ago=1))
    expect(page.get_by_role("button", name="1 Analysed")).to_be_visible()

    assert row(page, late).count() == row(page, earlier).count() == row(page, elsewhere).count() == 0


def test_the_day_stands_in_the_address(page: Page, server: ApiServer) -> None:
    today, yesterday = add_analysed(server, 0, 0.9, **taken()), add_analysed(server, 1, 0.9, **taken(days_ago=1))
    elsewhere = add_analysed(server, 2, 0.9, **taken(days_ago=1), **ELSEWHERE)
    log_in(page, server, TECHNICIAN)
    expect(row(page, today)).to_be_visible()

    page.get_by_role("button", name="The day before").click()
    expect(page).to_have_url(re.compile(r"\?day=\d{4}-\d\d-\d\d$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Captures yesterday")
    expect(row(page, yesterday)).to_be_visible()
    expect(row(page, today)).to_have_count(0)
    page.reload()
    expect(row(page, yesterday)).to_be_visible()
    page.get_by_role("button", name="All days").click()
    expect(page.locator("tr[data-capture]")).to_have_count(2)
    expect(row(page, elsewhere)).to_have_count(0)
    page.go_back()
    expect(row(page, today)).to_have_count(0)
    page.get_by_label("Date").fill("2020-02-29")
    expect(page.get_by_role("heading", name="No captures on this day")).to_be_visible()
    page.get_by_role("button", name="Today").click()
    expect(page).to_have_url(re.compile(r"/captures$"))
    expect(row(page, today)).to_be_visible()


def test_what_was_refused_or_failed_says_why_and_an_address_opens_it(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        refused = add_capture(session, 0, state=CaptureState.REFUSED, reason="The image is in CMYK.", **taken())
        failed = add_capture(session, 1, **taken())
        store(session, server.blobs, failed, jpeg())
        give_up(session, failed, "The worker ended three times.")
    log_in(page, server, TECHNICIAN, f"/captures?state=refused&capture={refused.id}")

    expect(row(page, refused.id)).to_contain_text("The image is in CMYK.")
    expect(row(page, failed.id)).to_have_count(0)
    panel = page.get_by_role("complementary", name="Capture")
    expect(panel).to_contain_text("Why there is no finding")
    expect(panel.get_by_role("listitem")).to_have_text(re.compile("Captured at the microscope"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?state=refused$"))
    page.get_by_role("button", name="1 Failed").click()
    expect(row(page, failed.id)).to_contain_text("The worker ended three times.")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)


def test_a_technician_is_offered_no_page_of_others(page: Page, server: ApiServer) -> None:
    log_in(page, server, TECHNICIAN)
    pages = page.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link")).to_have_text(["Captures", "Devices"])

    for address in ("users", "audit", "system", "models", "worklist"):
        page.goto(f"{server.url}/{address}")
        expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()


def test_a_technician_sees_the_devices_of_the_site_and_orders_none_about(page: Page, server: ApiServer) -> None:
    add_analysed(server, 0, 0.9)
    add_analysed(server, 1, 0.9, **ELSEWHERE)
    log_in(page, server, TECHNICIAN, "/devices")

    expect(page.locator("tr[data-device]")).to_have_count(1)
    expect(page.locator("tr[data-device=scope-1]")).to_contain_text("Online")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)


def test_files_that_a_device_did_not_take_are_told_in_words_as_they_come(page: Page, server: ApiServer) -> None:
    add_analysed(server, 0, 0.9, **taken())
    log_in(page, server, TECHNICIAN)
    chip = page.get_by_role("list", name="Devices").get_by_role("listitem")
    expect(chip).to_contain_text("3 in outbox")
    for kinds, words in (
        (None, "3 files not taken"),
        ({"no_accession": 1, "damaged": 2}, "3 files not taken: 2 damaged, 1 without an accession"),
    ):
        with transaction(server.engine) as session:
            device = session.get_one(Device, "scope-1")
            device.refused_files, device.refused_by_kind = 3, kinds
            record_device_event(session, device)
        expect(chip.get_by_text(words, exact=True)).to_be_visible()

    page.get_by_role("link", name="Devices").click()
    row = page.locator("tr[data-device=scope-1]")
    expect(row).to_contain_text("3 files not taken: 2 damaged, 1 without an accession")
    expect(row).to_contain_text("Copy damaged files again. Name files after their accession, or add a sidecar.")
    assert barriers(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_the_page_has_no_barriers_and_fits(page: Page, server: ApiServer, theme: Any, size: Any) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(size)
    doubted = add_analysed(server, 0, 0.9, "Unlike the images that the model was trained on.", **taken())
    with transaction(server.engine) as session:
        add_capture(session, 1, state=CaptureState.REFUSED, reason="The image is in CMYK.", **taken())
    log_in(page, server, TECHNICIAN)
    row(page, doubted).get_by_role("button").click()
    expect(page.get_by_role("complementary", name="Capture").get_by_role("img")).to_be_visible()

    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
