"""The pages of models in Chromium: versions, what is in service, the timeline, going back, cards, shadow runs."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from cloud_service.models import Case, InferenceJob, ModelVersion, ShadowPrediction, ShadowRun, now
from cloud_service.vocabulary import ActivationKind
from shared.vocabulary import JobState, Label
from tests.support.accounts import a_user
from tests.support.pages import barriers, log_in
from tests.support.registry import add_model, digest_of, put_into_service
from tests.support.web import MODEL_DIGEST, ApiServer, add_analysed, add_heartbeat, web_settings

pytestmark = pytest.mark.browser

ADMIN, OTHER_ADMIN, DOCTOR = "a.lang", "b.kern", "h.meier"
DEMO_CARD = Path("cloud_service/ml/demo_model/card.json")
UNKNOWN = "f" * 64


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.ADMINISTRATOR, name=ADMIN)
            a_user(session, Role.ADMINISTRATOR, name=OTHER_ADMIN)
            a_user(session, Role.CLINICIAN, name=DOCTOR)
        yield server


def add_history(server: ApiServer) -> UUID:
    """The demo model, then a better one everywhere and at one site; returns a capture that the first has answered."""
    capture = add_analysed(server, 0, 0.9)
    began = now() - timedelta(days=40)
    with transaction(server.engine) as session:
        first = session.get_one(ModelVersion, MODEL_DIGEST)
        first.card = json.loads(DEMO_CARD.read_text(encoding="utf-8"))
        first.package_sha256 = "1" * 64
        initial: dict[str, Any] = {"kind": ActivationKind.INITIAL, "by": "(installation)", "approved_by": None}
        reason = "The model that the installation began with."
        put_into_service(session, MODEL_DIGEST, from_at=began, reason=reason, **initial)
        second = add_model(session, "2026.1")
        put_into_service(session, second, from_at=began + timedelta(days=30))
        put_into_service(session, add_model(session, "north-1"), scope="north", from_at=began + timedelta(days=35))
        add_model(session, "2026.2")
        add_heartbeat(session, "cloud-1:7")
    return capture


def in_service(page: Page) -> Locator:
    """What the page says is in service now."""
    return page.get_by_role("region", name="In service now")


def history(page: Page) -> Locator:
    """The timeline's rows, the newest first."""
    return page.get_by_role("region", name="Timeline").get_by_role("table").locator("tbody tr")


def version(page: Page, name: str) -> Locator:
    """A version's row."""
    return page.get_by_role("region", name="Versions").get_by_role("row", name=name)


def test_the_models_say_what_is_in_service_where_and_how_it_came_there(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, DOCTOR, "/models")

    everywhere = in_service(page).get_by_role("listitem").filter(has_text="All sites")
    expect(everywhere).to_contain_text(re.compile("se-cnn 2026.1.*10 days ago.*Promoted by a.lang, approved by b.kern"))
    expect(in_service(page).get_by_role("listitem").filter(has_text="north")).to_contain_text("se-cnn north-1")
    expect(version(page, "se-cnn 2026.1")).to_contain_text("In service: All sites")
    expect(version(page, "se-cnn demo-1")).to_contain_text("Retired")
    expect(version(page, "se-cnn 2026.2")).to_contain_text("Candidate")
    expect(history(page)).to_have_count(3)
    expect(history(page).last).to_contain_text(re.compile("Began with it se-cnn demo-1.*\\(installation\\)"))
    # Who may only read is offered nothing to do.
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)


def test_one_click_and_a_reason_go_back_and_then_an_analysis_is_offered(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, ADMIN, "/models")
    in_service(page).get_by_role("button", name="Roll back All sites").click()
    window = page.get_by_role("dialog", name="Roll back: All sites")
    expect(window).to_contain_text("se-cnn 2026.1 goes out of service")
    expect(window).to_contain_text("se-cnn demo-1 answers there again")
    expect(window).to_contain_text("nothing is analysed anew")
    window.get_by_label("Reason").fill("It misses small blasts.")
    window.get_by_role("button", name="Roll back").click()

    window = page.get_by_role("dialog", name="Rolled back: All sites")
    expect(window).to_contain_text("se-cnn demo-1 answers at all sites that have no model of their own from now on.")
    window.get_by_role("button", name="Done").click()
    expect(in_service(page).get_by_role("listitem").filter(has_text="All sites")).to_contain_text("se-cnn demo-1")
    expect(history(page).first).to_contain_text(re.compile("Rolled back to se-cnn demo-1.*a.lang.*misses small blasts"))
    expect(version(page, "se-cnn 2026.1")).to_contain_text("Retired")


def test_what_the_model_that_is_left_has_answered_is_analysed_anew_on_request(page: Page, server: ApiServer) -> None:
    add_history(server)
    capture = add_analysed(server, 1, 0.2, announced_at=now())
    with transaction(server.engine) as session:
        session.scalars(select(InferenceJob).where(InferenceJob.capture_id == capture)).one().state = JobState.DONE
    log_in(page, server, ADMIN, "/models")
    in_service(page).get_by_role("button", name="Roll back north").click()
    window = page.get_by_role("dialog", name="Roll back: north")
    expect(window).to_contain_text("The model of all sites answers there again.")
    window.get_by_label("Reason").fill("Too many alarms.")
    window.get_by_role("button", name="Roll back").click()
    window = page.get_by_role("dialog", name="Rolled back: north")
    window.get_by_role("button", name="Analyse 1 capture again").click()
    expect(window.get_by_role("status")).to_contain_text("1 capture queued")
    window.get_by_role("button", name="Done").click()
    expect(in_service(page).get_by_role("listitem").filter(has_text="north")).to_have_count(0)
    with transaction(server.engine) as session:
        job = session.scalars(select(InferenceJob).where(InferenceJob.capture_id == capture)).one()
        assert job.state == JobState.WAITING


def test_a_change_shows_by_itself(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, DOCTOR, "/models")
    expect(version(page, "se-cnn 2026.1")).to_contain_text("In service: All sites")
    with server.browser(OTHER_ADMIN) as other:
        gone = other.post("/api/v1/models/rollback", json={"scope": "*", "reason": "It misses small blasts."})
        assert gone.status_code == 200, gone.text
    expect(version(page, "se-cnn 2026.1")).to_contain_text("Retired")
    expect(history(page)).to_have_count(4)


def test_a_model_is_read_from_its_card(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, ADMIN, "/models")
    expect(version(page, "se-cnn demo-1")).to_contain_text("1 worker")
    version(page, "se-cnn demo-1").get_by_role("link").click()

    expect(page.get_by_role("heading", name="se-cnn demo-1", level=1)).to_be_visible()
    card = page.get_by_role("article", name="Card of se-cnn demo-1")
    expect(card).to_contain_text("Has never seen real blood: on a real image its answer is a number without meaning.")
    expect(card.get_by_role("row", name=re.compile("^All"))).to_contain_text("97.9 %")
    expect(page.get_by_role("note")).to_contain_text("research use only")


def test_a_candidate_runs_in_the_shadow_and_is_compared(page: Page, server: ApiServer) -> None:
    capture = add_history(server)
    candidate = digest_of("2026.2")
    log_in(page, server, ADMIN, f"/models/{candidate}")
    page.get_by_role("button", name="Start a shadow run…").click()
    window = page.get_by_role("dialog", name="Shadow run of se-cnn 2026.2")
    window.get_by_label("Share of the captures").fill("25")
    window.get_by_role("button", name="Start").click()
    shadow = page.get_by_role("region", name="Shadow run")
    expect(shadow).to_contain_text("25.0 % of the captures at all sites that have no model of their own")
    expect(shadow).to_contain_text("No capture yet that both models have answered.")

    with transaction(server.engine) as session:
        add_shadow_answer(session, capture, candidate)
        case = session.scalars(select(Case)).one().id
    page.reload()
    expect(shadow).to_contain_text(re.compile("Same label.*0.0 %.*of 1 capture"))
    row = shadow.get_by_role("row", name=re.compile("^north"))
    expect(row).to_contain_text(re.compile("Suspicious: blast features seen, 90 %.*No blast features seen, 20 %"))
    expect(row.get_by_role("rowheader").get_by_role("link")).to_have_attribute("href", f"/cases/{case}")

    page.get_by_role("button", name="End the shadow run…").click()
    page.get_by_role("dialog").get_by_role("button", name="End the run").click()
    expect(shadow).to_contain_text(re.compile("Ended.*ended .* by a.lang"))
    with transaction(server.engine) as session:
        assert session.scalars(select(ShadowRun)).one().share == 0.25


def test_a_clinician_sees_nothing_of_a_shadow_run(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, DOCTOR, f"/models/{digest_of('2026.2')}")
    expect(page.get_by_role("article", name="Card of se-cnn 2026.2")).to_be_visible()
    expect(page.get_by_role("region", name="Shadow run")).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)


def test_a_model_is_rejected_with_a_reason(page: Page, server: ApiServer) -> None:
    add_history(server)
    log_in(page, server, ADMIN, f"/models/{digest_of('2026.2')}")
    page.get_by_role("button", name="Reject…").click()
    window = page.get_by_role("dialog", name="Reject se-cnn 2026.2?")
    window.get_by_label("Reason").fill("It follows the scale bar.")
    window.get_by_role("button", name="Reject").click()
    expect(page.get_by_label("Where it stands")).to_contain_text("Rejected")
    expect(page.get_by_role("button", name="Reject…")).to_have_count(0)


def test_a_model_that_is_not_there_is_said_to_be_so(page: Page, server: ApiServer) -> None:
    log_in(page, server, ADMIN, f"/models/{UNKNOWN}")
    expect(page.get_by_role("alert")).to_contain_text("No model with the digest")
    page.get_by_role("link", name="All models").click()
    expect(page.get_by_role("heading", name="No model yet")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_models_have_no_barriers_and_fit(page: Page, server: ApiServer, theme: Any) -> None:
    capture = add_history(server)
    candidate = digest_of("2026.2")
    with transaction(server.engine) as session:
        add_shadow_answer(session, capture, candidate)
    page.emulate_media(color_scheme=theme)
    log_in(page, server, ADMIN)
    for address, awaited in {"models": "2026.1", f"models/{candidate}": "Same label"}.items():
        page.goto(f"{server.url}/{address}")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.get_by_role("main").get_by_text(awaited).first).to_be_visible()
            assert barriers(page) == [], (address, width)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (address, width)
    for deed in ("Start a shadow run…", "Reject…"):
        page.get_by_role("button", name=deed).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert barriers(page) == [], deed
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def add_shadow_answer(session: Any, capture: UUID, digest: str) -> None:
    """What a model in the shadow would have said of a capture that was called suspicious."""
    session.add(
        ShadowPrediction(
            capture_id=capture,
            model_digest=digest,
            beside_digest=MODEL_DIGEST,
            probability=0.2,
            label=Label.NO_BLAST_FEATURES,
            doubts=[],
            given_label=Label.SUSPICIOUS,
            given_probability=0.9,
        )
    )
    session.flush()
