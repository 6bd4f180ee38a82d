"""The page of one case in Chromium when things go wrong: conflicts, ended sessions, bad images, many images."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from tests.support.accounts import PASSWORD, a_user
from tests.support.case_page import (
    COLLEAGUE,
    DOCTOR,
    add_case,
    case_id,
    change,
    chosen,
    image_heading,
    open_case,
    pseudonym,
    saved,
    see_image,
)
from tests.support.pages import barriers
from tests.support.web import ApiServer, add_capture, analyse, store, web_settings

pytestmark = pytest.mark.browser

UNLIKE = "Unlike the images that the model was trained on."
COLOURS = """() => [0.3, 0.7].map((share) => {
  const canvas = document.querySelector(".viewer-frame canvas");
  const [x, y] = [share * canvas.width, share * canvas.height];
  return canvas.getContext("2d").getImageData(x, y, 1, 1).data.join();
})"""
IMAGE = re.compile(r"/image(\?|$)")


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.CLINICIAN, name=COLLEAGUE)
            a_user(session, Role.ADMINISTRATOR, name="root")
        yield server


def test_two_people_on_one_case_hear_of_each_other_and_lose_no_words(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    page.route("**/api/v1/events*", lambda route: route.abort())  # so that no event tells before the conflict does
    page.goto(f"{server.url}/cases/{case}")
    page.get_by_label("User name").fill(DOCTOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(image_heading(page)).to_be_visible()
    with server.browser(COLLEAGUE) as colleague:
        change(colleague, case, "claim")
        page.get_by_role("textbox", name="Conclusion").fill("Typed at the same time.")
        trouble = page.get_by_role("alert").filter(has_text="Somebody else has changed this case")
        expect(trouble).to_contain_text(COLLEAGUE)
        trouble.get_by_text("What is not saved").click()
        expect(trouble).to_contain_text("Typed at the same time.")
        assert not barriers(page)
        change(colleague, case, "release")

        trouble.get_by_role("button", name="Reload, and save mine on top").click()
        expect(trouble).to_have_count(0)
        expect(saved(page)).to_contain_text("saved")
        reading = colleague.get(f"/api/v1/cases/{case}").json()["readings"][-1]
    assert (reading["reader"], reading["conclusion"]) == (DOCTOR, "Typed at the same time.")


def test_a_session_that_ends_in_the_middle_loses_nothing(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    page.context.clear_cookies()
    page.get_by_role("textbox", name="Conclusion").fill("Typed without a session.")
    window = page.get_by_role("dialog", name="The session has ended")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Log in", exact=True).click()

    expect(saved(page)).to_contain_text("saved")
    with server.browser(COLLEAGUE) as colleague:
        reading = colleague.get(f"/api/v1/cases/{case}").json()["readings"][-1]
    assert reading["conclusion"] == "Typed without a session."


def test_the_map_of_attention_lies_on_the_image_after_a_log_in_over_the_page(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    see_image(page)
    page.wait_for_function(f"() => new Set(({COLOURS})()).size === 1 && ({COLOURS})()[0] !== '0,0,0,0'")
    plain, _ = page.evaluate(COLOURS)
    page.context.clear_cookies()
    page.keyboard.press("h")
    window = page.get_by_role("dialog", name="The session has ended")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Log in", exact=True).click()

    expect(page.get_by_role("region", name="Image", exact=True)).to_contain_text("attention, not proof")
    page.wait_for_function(f"before => ({COLOURS})()[0] !== before", arg=plain)
    assert page.evaluate(COLOURS)[1] == plain
    assert not barriers(page)


def test_what_was_typed_while_the_server_was_away_outlives_the_page(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    server.stop()
    page.get_by_role("textbox", name="Conclusion").fill("Typed without a server.")
    expect(page.locator(".save-sign")).to_contain_text("Kept in this browser")
    page.goto("about:blank")
    server.start()

    page.goto(f"{server.url}/cases/{case}")
    expect(page.get_by_role("textbox", name="Conclusion")).to_have_value("Typed without a server.")
    expect(saved(page)).to_contain_text("saved")
    assert "smearflow.draft" not in page.evaluate("JSON.stringify(localStorage)")


def test_script_in_a_comment_is_shown_and_not_run(page: Page, server: ApiServer) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    page.get_by_text("Comments (0)").click()
    page.get_by_role("textbox", name="New comment").fill(evil)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("list", name="Comments")).to_contain_text(evil)
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_an_image_that_cannot_be_drawn_says_so(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        capture = add_capture(session, 0, case_pseudonym=pseudonym(1))
        store(session, server.blobs, capture, b"no image at all")
        analyse(session, capture, 0.9)
    open_case(page, server, case_id(server, 1))

    expect(page.get_by_role("heading", name="This image cannot be shown here")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_key_that_comes_before_the_image_is_refused_for_all_to_see(page: Page, server: ApiServer, theme: Any) -> None:
    case = add_case(server, 1, 0.9, 0.8)
    page.emulate_media(color_scheme=theme)
    held: list[Route] = []
    page.route(IMAGE, lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    with page.expect_request(lambda request: bool(IMAGE.search(request.url)) and "edge=160" not in request.url):
        open_case(page, server, case)
    notice = page.locator(".desk-notice")
    place = image_heading(page).bounding_box()

    page.keyboard.press("1")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("not drawn yet, so no verdict was taken")
    expect(chosen(page, "Verdict on this image")).to_have_count(0)
    large = [route for route in held if "edge=160" not in route.request.url]
    assert len(large) == 1, "the next image is not loaded before this one is drawn"
    assert image_heading(page).bounding_box() == place, "nothing moves"
    assert barriers(page) == []

    page.route(IMAGE, lambda route: route.continue_())
    for route in held:
        route.continue_()
    see_image(page)
    expect(notice).to_be_visible()
    page.keyboard.press("1")
    expect(notice).to_have_count(0)
    page.keyboard.press("k")
    expect(chosen(page, "Verdict on this image")).to_contain_text("Suspicious")


def test_a_key_that_no_case_can_have_is_refused_for_all_to_see(page: Page, server: ApiServer) -> None:
    open_case(page, server, add_case(server, 1, 0.9))
    see_image(page)
    page.keyboard.press("v")
    page.keyboard.press("4")
    expect(page.locator(".desk-notice")).to_contain_text("“Not evaluable” is said of images alone")
    page.keyboard.press("j")
    expect(page.locator(".desk-notice")).to_have_count(0)


def test_a_case_of_many_images_is_loaded_by_pages(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        for number in range(230):
            capture = add_capture(session, number, case_pseudonym=pseudonym(1))
            store(session, server.blobs, capture, number.to_bytes(4))
            analyse(session, capture, 0.999 - number / 1000)
    open_case(page, server, case_id(server, 1))
    images = page.locator(".strip-image")
    expect(images).to_have_count(100)

    images.nth(99).click()
    expect(image_heading(page)).to_have_text("Image 100 of 230")
    expect(images).to_have_count(200)
    page.keyboard.press("j")
    expect(image_heading(page)).to_have_text("Image 101 of 230")


def test_an_administrator_looks_and_does_not_judge(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.2, doubts=(UNLIKE,))
    open_case(page, server, case, "root")

    expect(page.locator(".obstacle")).to_contain_text("Only clinicians judge cases")
    expect(page.locator('[data-judges="image"]')).to_contain_text(UNLIKE)
    page.keyboard.press("1")
    expect(chosen(page, "Verdict on this image")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign")).to_have_count(0)
