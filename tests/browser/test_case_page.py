"""The page of one case in Chromium, on the real API: from the worklist to the signature."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from tests.support.accounts import a_user
from tests.support.case_page import (
    COLLEAGUE,
    DOCTOR,
    add_case,
    chosen,
    judge_images,
    open_case,
    pseudonym,
    saved,
    see_image,
    sign,
    standing,
)
from tests.support.pages import barriers, log_in
from tests.support.web import ApiServer, add_analysed, web_settings

pytestmark = pytest.mark.browser

UNLIKE = "Unlike the images that the model was trained on."


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.CLINICIAN, name=COLLEAGUE)
            a_user(session, Role.ADMINISTRATOR, name="root")
        yield server


def test_a_case_is_reviewed_and_signed_by_keyboard_alone(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.95, 0.9, 0.1)
    add_case(server, 2, 0.6)
    log_in(page, server, DOCTOR, "/worklist")
    expect(page.locator("tr[data-case]")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/cases/{case}")

    judge_images(page, "112")
    # Behind the last image comes the case, and the same keys judge it.
    expect(page.locator('[data-judges="case"]')).to_be_focused()
    page.keyboard.press("1")
    expect(chosen(page, "Verdict on the case")).to_contain_text("Suspicious")
    page.keyboard.press("e")
    page.keyboard.type("Blasts in two fields.")
    page.keyboard.press("Escape")
    expect(saved(page)).to_have_text(re.compile(r"saved \d\d:\d\d"))
    expect(standing(page)).to_contain_text(re.compile("Claimed *you"))
    sign(page, 1)

    expect(standing(page)).to_contain_text(re.compile("Signed *by you"))
    report = page.get_by_role("article", name="Report 1")
    expect(report).to_contain_text("Suspicious: blast features seen in 2 of 3 images")
    expect(report).to_contain_text("Blasts in two fields.")
    pdf = page.request.get(server.url + str(report.get_by_role("link", name="PDF").get_attribute("href")))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.body().startswith(b"%PDF-")
    content = page.request.get(server.url + str(report.get_by_role("link", name="JSON").get_attribute("href"))).json()
    assert [image["verdict"] for image in content["content"]["images"]] == [
        "suspicious",
        "suspicious",
        "no_blast_features",
    ]
    assert not re.search("normal|healthy", page.locator("body").inner_text(), re.IGNORECASE)

    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Case 00000002")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Case 00000001")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next image")


def test_a_verdict_is_taken_back_and_the_wrong_digits_sign_nothing(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9, 0.8)
    open_case(page, server, case)
    see_image(page)

    page.keyboard.press("3")
    page.get_by_role("textbox", name="Why you differ").press("Escape")
    expect(chosen(page, "Verdict on this image")).to_contain_text("Cannot say")
    page.keyboard.press("u")
    expect(chosen(page, "Verdict on this image")).to_have_count(0)
    judge_images(page, "11")
    page.keyboard.press("1")
    page.keyboard.press("s")
    window = page.get_by_role("dialog", name="Sign the diagnosis")
    expect(window.get_by_role("list", name="Before you sign")).to_have_attribute("aria-busy", "false")
    page.keyboard.type("00000002")
    expect(window).to_contain_text("not the digits of the case before you")
    expect(window.get_by_role("button", name=re.compile("^Sign$"))).to_be_disabled()
    assert not barriers(page)
    page.keyboard.press("Escape")
    expect(standing(page)).to_contain_text("Claimed")


def test_who_differs_from_the_model_says_why_and_a_second_reader_signs(
    chromium: Browser, page: Page, server: ApiServer
) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    see_image(page)
    page.keyboard.press("2")
    expect(page.get_by_role("textbox", name="Why you differ")).to_be_focused()
    page.keyboard.type("A lymphocyte.")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    reason = page.locator('[data-judges="case"]').get_by_role("textbox", name="Why you differ")
    reason.fill("One lymphocyte, nothing else.")
    reason.press("Escape")
    expect(saved(page)).to_contain_text("saved")
    sign(page, 1)
    expect(standing(page)).to_contain_text("Second read")
    expect(page.locator(".obstacle")).to_contain_text("Another clinician")

    with chromium.new_context() as context:
        other = context.new_page()
        open_case(other, server, case, COLLEAGUE)
        expect(other.get_by_text("One lymphocyte, nothing else.")).to_be_hidden()
        expect(chosen(other, "Verdict on this image")).to_have_count(0)
        see_image(other)
        other.keyboard.press("2")
        other.keyboard.type("The same.")
        other.keyboard.press("Enter")
        other.keyboard.press("2")
        reason = other.locator('[data-judges="case"]').get_by_role("textbox", name="Why you differ")
        reason.fill("I agree with the first reader.")
        reason.press("Escape")
        expect(saved(other)).to_contain_text("saved")
        sign(other, 1)
        expect(other.get_by_role("article", name="Report 1")).to_contain_text("No blast features seen in 1 image")
    # The first reader's page follows without a reload.
    expect(standing(page)).to_contain_text(re.compile(f"Signed *by {COLLEAGUE}"))


def test_a_signed_case_is_read_only_and_an_amendment_keeps_the_former(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    judge_images(page, "1")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.keyboard.type("Blasts.")
    page.keyboard.press("Escape")
    sign(page, 1)
    page.goto(f"{server.url}/cases/{case}")
    expect(page.locator(".obstacle")).to_contain_text("A diagnosis is signed")
    page.keyboard.press("2")
    expect(chosen(page, "Verdict on this image")).to_contain_text("Suspicious")

    page.keyboard.press("a")
    expect(standing(page)).to_contain_text("you")
    conclusion = page.get_by_role("textbox", name="Conclusion")
    expect(conclusion).to_have_value("Blasts.")
    conclusion.fill("Blasts in one field.")
    page.get_by_role("textbox", name="What is amended").fill("The number of fields was missing.")
    page.get_by_role("textbox", name="What is amended").press("Escape")
    expect(saved(page)).to_contain_text("saved")
    sign(page, 1)

    expect(page.get_by_role("article", name="Report 2")).to_contain_text("Why: The number of fields was missing.")
    expect(page.get_by_role("article", name="Report 2")).to_contain_text(f"amended by {DOCTOR}")
    page.get_by_text("The former report is kept").click()
    expect(page.get_by_role("article", name="Report 1")).to_contain_text("Blasts.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_has_no_barriers(
    chromium: Browser, server: ApiServer, theme: Literal["light", "dark"], width: int
) -> None:
    case = add_case(server, 1, 0.8, 0.2)
    doubted = {"case_pseudonym": pseudonym(1), "micrometres_per_pixel": 0.17}
    add_analysed(server, 1500, 0.95, UNLIKE, **doubted, smear="رقم " + "a-very-long-name-" * 10)
    with chromium.new_context(color_scheme=theme, viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
        open_case(page, server, case)
        see_image(page)
        page.get_by_text("Why the model may be wrong").first.click()
        page.get_by_text("Custody trail of this image").click()
        page.get_by_text("Particulars").click()
        expect(page.get_by_role("img", name="Scale bar")).to_have_accessible_name(re.compile(r"^Scale bar: \d+ µm$"))
        assert not barriers(page)
        page.get_by_role("button", name=re.compile("^Suspicious")).first.click()
        expect(saved(page)).to_contain_text("saved")
        assert not barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert refused == []
