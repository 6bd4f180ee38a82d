"""Comparison and promotion in Chromium, with two administrators: what was really measured, and who may decide on it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from cloud_service.app import DASHBOARD
from cloud_service.database import snapshot, transaction
from cloud_service.models import InferenceJob
from cloud_service.registry.packages import archive_of
from shared.vocabulary import JobState
from tests.support.gate import crops, variant
from tests.support.pages import barriers, log_in
from tests.support.promotion import ADMIN, DOCTOR, OTHER_ADMIN, Assessed, add_answered, copied, make_assessed
from tests.support.web import ApiServer, a_problem

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Assessed:
    return make_assessed(tmp_path_factory.mktemp("assessed"))


@pytest.fixture
def server(tmp_path: Path, assessed: Assessed) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with copied(assessed, tmp_path / "cloud") as server:
        yield server


@pytest.fixture
def other_page(chromium: Browser) -> Iterator[Page]:
    """A browser of the second administrator's own."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def open_proposal(page: Page) -> Locator:
    """The proposal that waits for a decision."""
    return region(page, "Proposals").get_by_role("listitem").filter(has_text="Waits for another administrator")


def propose(page: Page, server: ApiServer, digest: str, reason: str, override: str | None = None) -> None:
    """As the first administrator, from the model's page to its comparison and from there."""
    log_in(page, server, ADMIN, f"/models/{digest}")
    region(page, "At the gate").get_by_role("link", name="Read the comparison").click()
    page.get_by_role("button", name="Propose…").click()
    window = page.get_by_role("dialog")
    window.get_by_label("Reason").fill(reason)
    if override is not None:
        window.get_by_label("Why in spite of that").fill(override)
    window.get_by_role("button", name=re.compile("^Propose")).click()
    expect(open_proposal(page)).to_contain_text(reason)


def test_two_administrators_put_a_model_into_service_and_one_goes_back(
    page: Page, other_page: Page, server: ApiServer, assessed: Assessed
) -> None:
    propose(page, server, assessed.equal, "Its card says more.")

    # Who proposed it cannot approve it, and is told why: on the page, and by the server if he asks it all the same.
    expect(open_proposal(page)).to_contain_text(
        f"You cannot approve it: {ADMIN} proposed it; another administrator must approve it."
    )
    expect(open_proposal(page).get_by_role("button")).to_have_text(["Withdraw…"])
    with server.browser(ADMIN) as client:
        (proposal,) = client.get("/api/v1/proposals").json()
        refused = client.post(f"/api/v1/proposals/{proposal['id']}/approve", json={"reason": "I like it."})
        assert "another administrator must approve it" in a_problem(refused, 403)

    log_in(other_page, server, OTHER_ADMIN, "/models")
    open_proposal(other_page).get_by_role("button", name="Approve…").click()
    window = other_page.get_by_role("dialog", name="Put se-cnn 2026.1 into service?")
    expect(window).to_contain_text(f"{ADMIN} proposed it; your name stands beside it as the second person.")
    window.get_by_label("Reason").fill("Read and agreed.")
    window.get_by_role("button", name="Approve").click()

    everywhere = region(other_page, "In service now").get_by_role("listitem").filter(has_text="All sites")
    expect(everywhere).to_contain_text(
        re.compile(f"se-cnn 2026.1.*Promoted by {ADMIN}, approved by {OTHER_ADMIN}.*Its card says more.")
    )
    newest = region(other_page, "Timeline").get_by_role("table").locator("tbody tr").first
    expect(newest).to_contain_text(re.compile(f"Promoted se-cnn 2026.1.*{ADMIN}.*{OTHER_ADMIN}.*Its card says more."))
    # The first one sees it by itself.
    expect(region(page, "Proposals")).to_contain_text(re.compile(f"Approved by {OTHER_ADMIN}.*Read and agreed."))

    roll_back_and_analyse_again(other_page, server, assessed)
    expect(newest).to_contain_text(re.compile(f"Rolled back to .*demo.*{OTHER_ADMIN}.*Too slow here."))


def roll_back_and_analyse_again(page: Page, server: ApiServer, assessed: Assessed) -> None:
    """One click and a reason; then what the model that was left has answered is offered, and taken."""
    (content,) = crops(1, seed=9)
    with transaction(server.engine) as session:
        capture = add_answered(session, server.blobs, 50, assessed.equal, pseudonym="6" * 32, content=content).id
    region(page, "In service now").get_by_role("button", name="Roll back All sites").click()
    window = page.get_by_role("dialog", name="Roll back: All sites")
    window.get_by_label("Reason").fill("Too slow here.")
    window.get_by_role("button", name="Roll back").click()
    window = page.get_by_role("dialog", name="Rolled back: All sites")
    window.get_by_role("button", name="Analyse 1 capture again").click()
    expect(window.get_by_role("status")).to_contain_text("1 capture queued")
    window.get_by_role("button", name="Done").click()
    with snapshot(server.engine) as session:
        job = session.scalars(select(InferenceJob).where(InferenceJob.capture_id == capture)).one()
        assert job.state == JobState.WAITING


def test_a_model_that_failed_says_what_and_is_proposed_only_against_the_gate(
    page: Page, other_page: Page, server: ApiServer, assessed: Assessed
) -> None:
    propose(page, server, assessed.blind, "A trial.", override="Only beside a microscope, for a day.")
    gate = region(page, "The gate")
    expect(gate).to_contain_text(re.compile("Not passed: \\d of \\d checks"))
    failed = gate.get_by_role("listitem").filter(has_text="Its sensitivity is not worse: failed")
    expect(failed).to_contain_text("What to do:")

    log_in(other_page, server, OTHER_ADMIN, f"/models/{assessed.blind}")
    expect(open_proposal(other_page)).to_contain_text("Against the gate. It did not pass. Only beside a microscope")
    open_proposal(other_page).get_by_role("button", name="Refuse…").click()
    window = other_page.get_by_role("dialog", name="Refuse se-cnn 2026.2?")
    window.get_by_label("Reason").fill("It would miss what was signed.")
    window.get_by_role("button", name="Refuse").click()
    expect(open_proposal(other_page)).to_have_count(0)
    expect(region(page, "Proposals")).to_contain_text(re.compile(f"Refused by {OTHER_ADMIN}.*miss what was signed"))
    # It can be proposed anew, and taken back.
    page.get_by_role("button", name="Propose…").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Another trial.")
    page.get_by_role("dialog").get_by_label("Why in spite of that").fill("As before.")
    page.get_by_role("dialog").get_by_role("button", name="Propose against the gate").click()
    open_proposal(page).get_by_role("button", name="Withdraw…").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(region(page, "Proposals")).to_contain_text("Withdrawn")
    expect(open_proposal(page)).to_have_count(0)


def test_a_clinician_reads_the_comparison_and_the_cases_and_decides_nothing(
    page: Page, server: ApiServer, assessed: Assessed
) -> None:
    log_in(page, server, DOCTOR, f"/models/{assessed.blind}")
    expect(region(page, "In short, for the reader of a case")).to_contain_text("preliminary finding")
    region(page, "At the gate").get_by_role("link", name="Read the comparison").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^se-cnn 2026.2 beside "))
    measured = region(page, "north-locked, version 1")
    sensitivity = measured.get_by_role("row", name=re.compile("^Sensitivity"))
    expect(sensitivity).to_contain_text(re.compile("0.0 %.*worse"))
    expect(measured.get_by_role("img", name=re.compile("^ROC curve. se-cnn 2026.2: area"))).to_be_visible()
    expect(measured.get_by_role("img", name=re.compile("^Reliability. se-cnn 2026.2: off by"))).to_be_visible()
    confusion = measured.get_by_role("table", name="se-cnn 2026.2", exact=True)
    expect(confusion.get_by_role("row", name=re.compile("^are ALL"))).to_contain_text(re.compile("0.*wrong|wrong"))
    expect(region(page, "How it runs")).to_contain_text(re.compile(r"One image takes.*ms"))

    impact = region(page, "Signed cases that it would have called otherwise")
    expect(impact).to_contain_text(re.compile("Of 1 case signed as suspicious, se-cnn 2026.2 calls 0 so"))
    row = impact.get_by_role("row", name=re.compile("Would be missed"))
    expect(row).to_contain_text("Suspicious")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    row.get_by_role("rowheader").get_by_role("link").click()
    expect(page).to_have_url(f"{server.url}/cases/{assessed.case}")


def test_a_package_is_sent_and_one_that_was_altered_is_not_taken(page: Page, server: ApiServer, tmp_path: Path) -> None:
    archive = archive_of(variant(tmp_path / "sent", name="se-cnn", version="sent"))
    log_in(page, server, ADMIN, "/models")
    page.get_by_role("button", name="Upload a model…").click()
    window = page.get_by_role("dialog", name="Upload a model")
    altered = {"name": "altered.zip", "mimeType": "application/zip", "buffer": archive[:-200]}
    window.get_by_label("Package").set_input_files(altered)  # type: ignore[arg-type]
    window.get_by_role("button", name="Upload").click()
    expect(window.get_by_role("alert")).to_contain_text("no ZIP file that can be read")
    window.get_by_label("Package").set_input_files(altered | {"name": "sent.zip", "buffer": archive})  # type: ignore[arg-type]
    expect(window.get_by_role("alert")).to_have_count(0)
    window.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="se-cnn sent", level=1)).to_be_visible()
    expect(page.get_by_label("Where it stands")).to_contain_text(re.compile(f"Candidate.*by {ADMIN}"))
    expect(region(page, "At the gate")).to_contain_text("Not assessed yet.")


def test_an_assessment_is_asked_for_with_what_the_model_promises(
    page: Page, server: ApiServer, assessed: Assessed
) -> None:
    log_in(page, server, ADMIN, f"/models/{assessed.equal}")
    page.get_by_role("button", name="Assess…").click()
    window = page.get_by_role("dialog", name="Assess se-cnn 2026.1")
    window.get_by_label("Sensitivity").check()
    window.get_by_role("button", name="Assess").click()
    expect(window).to_have_count(0)
    with server.browser(ADMIN) as client:
        newest = client.get("/api/v1/training/jobs").json()[0]
        assert (newest["kind"], newest["subject"], newest["state"]) == ("assess", assessed.equal, "waiting")
        job = client.get(f"/api/v1/training/jobs/{newest['id']}").json()
        assert job["parameters"]["promises"] == ["balanced_accuracy", "recall_all"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_comparison_has_no_barriers_and_fits(page: Page, server: ApiServer, assessed: Assessed, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    log_in(page, server, ADMIN, f"/models/{assessed.blind}/comparison")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        expect(region(page, "How it runs")).to_be_visible()
        assert barriers(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
    # By keyboard alone: the button, the reason, the second reason, the deed.
    page.get_by_role("button", name="Propose…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert barriers(page) == []
    page.get_by_label("Reason").focus()
    page.keyboard.type("A trial.")
    page.keyboard.press("Tab")
    page.keyboard.type("For a day.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(open_proposal(page)).to_contain_text("For a day.")
    assert barriers(page) == []
