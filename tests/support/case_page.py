"""What tests of the case page share."""

import re
from uuid import UUID

import httpx
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from cloud_service.database import transaction
from cloud_service.models import Case
from tests.support.pages import log_in
from tests.support.web import ApiServer, add_analysed

DOCTOR, COLLEAGUE = "h.meier", "k.osei"


def pseudonym(case: int) -> str:
    """A case's pseudonym, by its number."""
    return f"{case:08x}".ljust(32, "c")


def add_case(server: ApiServer, case: int, *probabilities: float, doubts: tuple[str, ...] = ()) -> UUID:
    """A case with an image for each probability; returns its id."""
    for number, probability in enumerate(probabilities):
        add_analysed(
            server, 1000 * case + number, probability, *doubts, case_pseudonym=pseudonym(case), smear="smear A"
        )
    return case_id(server, case)


def case_id(server: ApiServer, case: int) -> UUID:
    """The id of the case of this number."""
    with transaction(server.engine) as session:
        return session.scalars(select(Case.id).where(Case.pseudonym == pseudonym(case))).one()


def open_case(page: Page, server: ApiServer, case: UUID, user: str = DOCTOR) -> None:
    """Log in at a case's address, and wait for its images."""
    log_in(page, server, user, f"/cases/{case}")
    expect(image_heading(page)).to_be_visible()


def image_heading(page: Page) -> Locator:
    """Says which image is at hand."""
    return page.get_by_role("heading", name=re.compile(r"^Image \d+ of \d+"))


def see_image(page: Page) -> None:
    """Wait until the image at hand is drawn."""
    region = page.get_by_role("region", name="Image", exact=True)
    expect(region).to_have_attribute("aria-busy", "false")


def chosen(page: Page, group: str) -> Locator:
    """The verdict that is chosen in a group."""
    return page.get_by_role("group", name=group).locator('[aria-pressed="true"]')


def saved(page: Page) -> Locator:
    """Says when all was saved."""
    return page.locator(".save-sign.saved")


def standing(page: Page) -> Locator:
    """Says where the case stands, and with whom."""
    return page.locator(".case-bar .case-standing")


def judge_images(page: Page, keys: str) -> None:
    """Press a verdict for each image in turn, once that image is seen and marked as opened."""
    for place, key in enumerate(keys, start=1):
        expect(image_heading(page)).to_have_text(f"Image {place} of {len(keys)}")
        see_image(page)
        page.keyboard.press(key)


def sign(page: Page, case: int) -> None:
    """Sign by keyboard, with the case's own digits."""
    page.keyboard.press("s")
    window = page.get_by_role("dialog")
    expect(window.get_by_role("list", name="Before you sign")).to_have_attribute("aria-busy", "false")
    page.keyboard.type(f"{case:08x}")
    expect(window.get_by_role("button", name=re.compile("^Sign$"))).to_be_enabled()
    page.keyboard.press("Enter")
    expect(window).to_have_count(0)


def change(client: httpx.Client, case: UUID, verb: str) -> None:
    """Claim or release a case as another one does, through the API."""
    version = client.get(f"/api/v1/cases/{case}").json()["version"]
    assert client.post(f"/api/v1/cases/{case}/{verb}", json={"version": version}).status_code == 200
