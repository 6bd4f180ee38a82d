"""The pages of trainings in Chromium: the form, a job as it goes, recipes, schedules."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.audit.trail import Actor
from cloud_service.database import transaction
from cloud_service.models import Dataset, TrainingJob, TrainingRecipe, TrainingSchedule
from cloud_service.training.again import SIGNED_CASES
from cloud_service.training.keeping import save_recipe
from cloud_service.training.starting import start_training
from cloud_service.vocabulary import DatasetPurpose, TrainingJobState
from tests.support.accounts import a_user
from tests.support.datasets import add_dataset
from tests.support.pages import barriers, log_in
from tests.support.recipes import small_draft
from tests.support.registry import add_model
from tests.support.web import ApiServer, web_settings
from tests.support.worked_jobs import begin_job, end_job, work_on_job

pytestmark = pytest.mark.browser

ADMIN, DOCTOR = "admin", "h.meier"


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.ADMINISTRATOR, name=ADMIN)
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            add_dataset(session)
        yield server


def only_job(server: ApiServer) -> UUID:
    with transaction(server.engine) as session:
        return session.scalars(select(TrainingJob.id)).one()


def add_training(server: ApiServer) -> tuple[UUID, UUID]:
    """A recipe named "cells", and a training by it that waits; returns the ids of both."""
    actor = Actor(ADMIN)
    with transaction(server.engine) as session:
        cells = session.scalars(select(Dataset.id).where(Dataset.name == "cells")).first()
        assert cells is not None
        recipe = save_recipe(session, actor, name="cells", draft=small_draft(cells, epochs=5))
        return recipe.id, start_training(session, actor, recipe.id).id


def test_a_training_is_begun_from_the_form_and_watched_to_its_model(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        add_dataset(session, name="locked", purpose=DatasetPurpose.LOCKED_TEST)
        model = add_model(session, "2026.1")
    log_in(page, server, ADMIN, "/training")
    expect(page.get_by_role("heading", name="No training yet")).to_be_visible()
    page.get_by_role("link", name="New training…").click()
    expect(page.get_by_role("checkbox", name="locked")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="cells")).to_be_checked()
    estimate = page.get_by_role("region", name="What it would take")
    expect(estimate).to_contain_text(re.compile("30 epochs of 780 images.*as guessed"))
    page.get_by_label("Epochs", exact=True).fill("5")
    expect(estimate).to_contain_text("5 epochs of 780 images")
    page.get_by_role("button", name="Train", exact=True).click()

    expect(page.get_by_role("heading", name="Training: ALL 1")).to_be_visible()
    state = page.get_by_role("region", name="State")
    expect(state).to_contain_text("Waits")
    expect(page.get_by_role("region", name="Recipe")).to_contain_text(re.compile("cells, version 1.*at most 5"))
    job = only_job(server)
    with transaction(server.engine) as session:
        begin_job(session, job)
    expect(state).to_contain_text("A worker begins with it…")
    with transaction(server.engine) as session:
        work_on_job(session, job, epoch=2, epochs=5)
    expect(state).to_contain_text(re.compile("30 %.*epoch 2 of 5, 20 of 40.*about 1 min 35 s left"))
    expect(state).to_contain_text(re.compile("Loss now.*0.250.*Validation accuracy.*90.0 %.*61 images/s"))
    curves = page.get_by_role("region", name="Epochs")
    expect(curves.locator("canvas")).to_have_count(2)
    with transaction(server.engine) as session:
        work_on_job(session, job, epoch=4, epochs=5)
    expect(curves).to_contain_text("3 epochs: the last had a validation loss of 0.125")
    expect(page.get_by_role("log")).to_contain_text("epoch 3 of 5 has ended")
    curves.get_by_text("The figures of each epoch").click()
    expect(curves.get_by_role("row", name=re.compile("^3 "))).to_contain_text("lowest")

    with transaction(server.engine) as session:
        end_job(session, job, TrainingJobState.DONE, result={"model": model})
    expect(state).to_contain_text("Done")
    state.get_by_role("link", name="Open the model that came out").click()
    expect(page).to_have_url(f"{server.url}/models/{model}")


def test_a_job_is_cancelled_and_one_that_failed_says_why(page: Page, server: ApiServer) -> None:
    _, job = add_training(server)
    log_in(page, server, ADMIN, f"/training/jobs/{job}")
    with transaction(server.engine) as session:
        begin_job(session, job)
    page.get_by_role("button", name="Cancel it…").click()
    window = page.get_by_role("dialog", name="Cancel the job cells 1?")
    window.get_by_role("button", name="Cancel the job").click()
    state = page.get_by_role("region", name="State")
    expect(state).to_contain_text("Being cancelled")
    expect(page.get_by_role("button", name="Cancel it…")).to_have_count(0)
    with transaction(server.engine) as session:
        end_job(session, job, TrainingJobState.FAILED, reason="The loss is no number in epoch 1. Train more slowly.")
    expect(state.get_by_role("alert")).to_have_text("The loss is no number in epoch 1. Train more slowly.")
    page.get_by_role("link", name="Trainings").click()
    row = page.get_by_role("region", name="Ended").get_by_role("row", name="Training: cells 1")
    expect(row).to_contain_text(re.compile("Failed.*The loss is no number"))


def test_what_stands_in_the_way_of_a_training_is_told_before_it_begins(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        add_dataset(session, name="healthy", positives=0)
    log_in(page, server, ADMIN, "/training/new")
    page.get_by_role("checkbox", name="healthy").check()
    estimate = page.get_by_role("region", name="What it would take")
    expect(estimate).to_contain_text("all 1,200 images of healthy are without ALL")
    page.get_by_role("button", name="Train", exact=True).click()
    refusal = page.get_by_role("alert").filter(has_text="Add a data set that holds the others.")
    expect(refusal).to_be_visible()
    page.get_by_role("checkbox", name="cells").check()
    expect(estimate).to_contain_text("2,400 images in all")
    page.get_by_label("Epochs", exact=True).fill("")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()


def test_a_recipe_gets_a_next_version_and_the_same_one_stays(page: Page, server: ApiServer) -> None:
    recipe, _ = add_training(server)
    with transaction(server.engine) as session:
        add_dataset(session, number=2)
    log_in(page, server, ADMIN, "/training/recipes")
    page.get_by_role("button", name="Actions for cells").click()
    page.get_by_role("menuitem", name="Train with changes…").click()
    expect(page.get_by_label("Version of cells")).to_have_value(re.compile(".+"))
    page.get_by_label("Version of cells").select_option("Version 1")
    page.get_by_role("button", name="Keep the recipe only").click()
    expect(page).to_have_url(f"{server.url}/training/recipes/{recipe}")
    page.get_by_role("link", name="Train with changes…").click()
    page.get_by_text("More settings").click()
    page.get_by_role("checkbox", name="Bottom right").check()
    page.get_by_role("button", name="Keep the recipe only").click()
    expect(page.get_by_role("heading", name="cells, version 2")).to_be_visible()
    settings = page.get_by_role("region", name="Recipe")
    expect(settings).to_contain_text(re.compile("cells, version 2.*bottom right"))
    with transaction(server.engine) as session:
        kept = session.scalars(select(TrainingRecipe).order_by(TrainingRecipe.number.desc())).all()
        assert [row.number for row in kept] == [2, 1]
        assert kept[0].document["network"] == kept[1].document["network"]
        assert kept[0].document["preprocess"]["corner_mask"]["corners"] == ["bottom-right"]


def test_a_recipe_is_trained_by_itself_and_again_with_signed_cases(page: Page, server: ApiServer) -> None:
    _, job = add_training(server)
    with transaction(server.engine) as session:
        end_job(session, job, TrainingJobState.CANCELLED, reason="admin cancelled it.")
    log_in(page, server, ADMIN, "/training/recipes")
    actions = page.get_by_role("button", name="Actions for cells")
    actions.click()
    page.get_by_role("menuitem", name="Train by itself…").click()
    window = page.get_by_role("dialog", name="Train cells by itself")
    window.get_by_label("Every so many days").fill("7")
    window.get_by_role("button", name="Set the schedule").click()
    row = page.get_by_role("row", name="cells, version 1")
    expect(row).to_contain_text(re.compile("every 7 days, next in [67] days"))
    with transaction(server.engine) as session:
        assert session.get_one(TrainingSchedule, "cells").every_days == 7
    actions.click()
    page.get_by_role("menuitem", name="End the schedule…").click()
    page.get_by_role("dialog").get_by_role("button", name="End the schedule").click()
    expect(row).not_to_contain_text("every 7 days")

    actions.click()
    page.get_by_role("menuitem", name="Train again with the newest signed cases…").click()
    page.get_by_role("dialog", name="Train cells again?").get_by_role("button", name="Train again").click()
    expect(page.get_by_role("region", name="State")).to_contain_text(f"Waits for the data set '{SIGNED_CASES}'")


def test_a_clinician_finds_no_training(page: Page, server: ApiServer) -> None:
    _, job = add_training(server)
    log_in(page, server, DOCTOR, f"/training/jobs/{job}")
    expect(page.get_by_role("navigation").get_by_role("link", name="Training")).to_have_count(0)
    expect(page.get_by_role("heading", name="Training: cells 1")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_barriers_and_fit(page: Page, server: ApiServer, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    recipe, job = add_training(server)
    with transaction(server.engine) as session:
        begin_job(session, job)
        work_on_job(session, job, epoch=4, epochs=5)
    log_in(page, server, ADMIN, "/training")
    for address, awaited in {
        "": "epoch 4 of 5",
        f"/jobs/{job}": "epoch 3 of 5 has ended",
        "/new": "780 images",
        "/recipes": "cells, version 1",
        f"/recipes/{recipe}": "at most 5",
    }.items():
        page.goto(f"{server.url}/training{address}")
        expect(page.get_by_role("note")).to_contain_text("For research use only.")
        for fold in page.locator("details > summary").all():
            fold.click()
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.get_by_role("main").get_by_text(awaited).first).to_be_visible()
            assert barriers(page) == [], (address, width)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (address, width)
