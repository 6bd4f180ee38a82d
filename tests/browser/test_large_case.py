"""The page of a case with 500 images in Chromium: walked through by keys, without barriers or needless requests."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.database import transaction
from cloud_service.delivery.events import record_capture_events
from cloud_service.models import now
from shared.identifiers import sha256_of_bytes
from tests.support.accounts import a_user
from tests.support.case_page import DOCTOR, case_id, chosen, image_heading, open_case, pseudonym, see_image
from tests.support.pages import barriers
from tests.support.web import ApiServer, add_answer, new_capture, web_settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

IMAGES = 500
PAGE = 100  # images in one answer of the API
STEPS = 40
ON_SCREEN = 60  # thumbnails, with those that browsers load ahead of the screen's edge


def picture(number: int) -> bytes:
    """A cell as a block of its own colour: 96 by 72 pixels, less than a kilobyte."""
    drawn = Image.new("RGB", (96, 72), (232, 214, 226))
    drawn.paste((110 + number % 97, 40 + number % 53, 130 + number % 89), (24, 16, 64, 56))
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return buffer.getvalue() + number.to_bytes(2)


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        yield server


@pytest.fixture
def large_case(server: ApiServer) -> UUID:
    with transaction(server.engine) as session:
        captures = []
        for number in range(IMAGES):
            data = picture(number)
            sha256 = sha256_of_bytes(data)
            server.blobs.put(sha256, data)
            fields = {"sha256": sha256, "byte_size": len(data), "media_type": "image/png", "width": 96, "height": 72}
            capture = new_capture(session, number, case_pseudonym=pseudonym(1), received_at=now(), **fields)
            add_answer(session, capture, 0.999 - number / (2 * IMAGES))
            captures.append(capture)
        record_capture_events(session, captures, refresh_cases(session, captures))
    return case_id(server, 1)


def kind(request: Request) -> str:
    """What a request is for: the last part of its address, or a thumbnail."""
    address = urlsplit(request.url)
    return "thumbnail" if address.query == "edge=160" else address.path.rpartition("/")[2]


def test_500_images_are_walked_through_by_keys(page: Page, server: ApiServer, large_case: UUID) -> None:
    asked: Counter[str] = Counter()
    thumbnails: Counter[str] = Counter()

    def note(request: Request) -> None:
        if request.url.startswith(server.url):
            asked[kind(request)] += 1
            if kind(request) == "thumbnail":
                thumbnails[request.url] += 1

    page.on("request", note)
    open_case(page, server, large_case)
    see_image(page)
    images = page.locator(".strip-image")
    expect(images).to_have_count(PAGE)
    expect(image_heading(page)).to_have_text(f"Image 1 of {IMAGES}")
    page.wait_for_load_state("load")
    assert asked["images"] == 1, asked
    assert 0 < asked["thumbnail"] <= ON_SCREEN, "the strip loads what is seen, not a hundred"
    assert asked["image"] <= 2, "the one at hand, and the next"
    assert barriers(page) == []

    for _ in range(STEPS):  # as by a key that is held down
        page.keyboard.press("j")
    expect(image_heading(page)).to_have_text(f"Image {STEPS + 1} of {IMAGES}")
    see_image(page)
    for loaded in range(PAGE, IMAGES + 1, PAGE):
        expect(images).to_have_count(loaded)
        images.nth(loaded - 1).click()
        expect(image_heading(page)).to_have_text(f"Image {loaded} of {IMAGES}")
    page.keyboard.press("k")
    expect(image_heading(page)).to_have_text(f"Image {IMAGES - 1} of {IMAGES}")
    see_image(page)
    page.keyboard.press("1")
    page.keyboard.press("k")
    expect(image_heading(page)).to_have_text(f"Image {IMAGES - 1} of {IMAGES}")
    expect(chosen(page, "Verdict on this image")).to_contain_text("Suspicious")
    assert barriers(page) == []

    assert asked["images"] == IMAGES // PAGE, "each page of the list once"
    assert max(thumbnails.values()) == 1
    assert asked["thumbnail"] < IMAGES, "what was passed over is not loaded"
    assert asked[str(large_case)] <= 5, "the case itself is not asked for at every key"
