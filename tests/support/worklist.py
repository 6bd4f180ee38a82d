"""Cases for tests of the worklist, and where they stand on the page."""

from uuid import UUID

import httpx
from playwright.sync_api import Locator, Page
from sqlalchemy import select

from cloud_service.database import transaction
from cloud_service.models import Capture, Case, InferenceJob
from shared.vocabulary import JobState
from tests.support.web import ApiServer, add_analysed, add_capture, give_up, jpeg, store

DOCTOR, COLLEAGUE, TECHNICIAN = "h.meier", "k.osei", "a.lang"
UNLIKE = "Unlike the images that the model was trained on."


def pseudonym(number: int) -> str:
    """Of the case with this number; its first eight digits are the number's."""
    return f"{number:08x}".ljust(32, "c")


def add_case(server: ApiServer, number: int, probability: float, *doubts: str, site: str = "north") -> UUID:
    """A case of one image, `number` minutes after the first; returns its id."""
    device = {"north": "scope-1", "south": "scope-9"}[site]
    add_analysed(
        server, 60 * number, probability, *doubts, case_pseudonym=pseudonym(number), site_id=site, device_id=device
    )
    return case_id(server, number)


def case_id(server: ApiServer, number: int) -> UUID:
    """Of the case with this number."""
    with transaction(server.engine) as session:
        return session.scalars(select(Case.id).where(Case.pseudonym == pseudonym(number))).one()


def add_failed(server: ApiServer, number: int) -> Capture:
    """A case of one image, whose analysis has failed; returns the image."""
    with transaction(server.engine) as session:
        capture = add_capture(session, 60 * number, case_pseudonym=pseudonym(number))
        store(session, server.blobs, capture, jpeg() + number.to_bytes(4))
        session.get_one(InferenceJob, capture.id).state = JobState.FAILED
        give_up(session, capture, "The worker ended three times.")
        return capture


def row(page: Page, case: UUID) -> Locator:
    """A case's row."""
    return page.locator(f'tr[data-case="{case}"]')


def shown(page: Page) -> list[str]:
    """The cases whose rows are there, in their order."""
    found: list[str] = page.locator("tr[data-case]").evaluate_all("rows => rows.map(row => row.dataset.case)")
    return found


def tab(page: Page, name: str) -> Locator:
    """A part of the worklist, by its name and count."""
    return page.get_by_role("navigation", name="Parts of the worklist").get_by_role("link", name=name)


def claim(client: httpx.Client, case: UUID) -> None:
    """Let the client's user take a case."""
    version = client.get(f"/api/v1/cases/{case}").json()["version"]
    assert client.post(f"/api/v1/cases/{case}/claim", json={"version": version}).status_code == 200
