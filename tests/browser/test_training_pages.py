"""The pages of data sets in Chromium: what an administrator sees and decides, and what signed cases give."""

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
from cloud_service.database import transaction
from cloud_service.models import DatasetImport, TrainingJob
from cloud_service.vocabulary import DatasetPurpose
from tests.support.accounts import a_user
from tests.support.case_page import COLLEAGUE, DOCTOR, add_case, judge_images, open_case, saved, sign
from tests.support.datasets import SHORTCUT, add_dataset, check_import, end_import, refuse_import
from tests.support.pages import barriers, log_in
from tests.support.web import ApiServer, add_device, web_settings

pytestmark = pytest.mark.browser

ADMIN = "admin"


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.ADMINISTRATOR, name=ADMIN)
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.CLINICIAN, name=COLLEAGUE)
            add_device(session)
        yield server


def send_archive(page: Page, archive: Path) -> None:
    """Import an archive as the data set "cells", from the list of data sets."""
    page.get_by_role("button", name="Import an archive…").click()
    window = page.get_by_role("dialog", name="Import an archive")
    window.get_by_label("Archive", exact=True).set_input_files(archive)
    window.get_by_label("Name", exact=True).fill("cells")
    window.get_by_label("Layout").select_option("class-folders")
    window.get_by_role("button", name="Send and check").click()
    expect(page.get_by_role("heading", name="Import of cells")).to_be_visible()


def an_archive(folder: Path) -> Path:
    archive = folder / "cells.zip"
    archive.write_bytes(b"PK\x05\x06" + bytes(18))
    return archive


def only_import(server: ApiServer) -> UUID:
    with transaction(server.engine) as session:
        return session.scalars(select(DatasetImport.id)).one()


def test_an_archive_is_checked_read_and_kept(page: Page, server: ApiServer, tmp_path: Path) -> None:
    log_in(page, server, ADMIN, "/training/datasets")
    expect(page.get_by_role("heading", name="No data set yet")).to_be_visible()
    send_archive(page, an_archive(tmp_path))
    state = page.get_by_role("region", name="State")
    expect(state).to_contain_text(re.compile("Being checked.*For training.*all.*cells.zip.*by admin"))
    with transaction(server.engine) as session:
        assert session.get_one(DatasetImport, only_import(server)).layout == "class-folders"

    with transaction(server.engine) as session:  # as a worker does; the page is told
        check_import(session, server.blobs, only_import(server))
    expect(state).to_contain_text("Checked: waits for your decision")
    report = page.get_by_role("region", name="What the check found")
    expect(report.get_by_role("region", name="To mind")).to_contain_text(SHORTCUT)
    expect(report).to_contain_text("WBC-Malignant-Pro-001.jpg It is no image.")
    expect(report).to_contain_text("The same file: 2 images, labelled ALL and not ALL, in several groups")
    expect(report.get_by_role("row", name="Background colour")).to_contain_text(re.compile("0.91.*A shortcut"))
    expect(report.get_by_role("row", name="Image size")).to_contain_text(re.compile("0.50.*Tells little"))
    picture = report.get_by_role("img", name="Up to ten images of each class")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 600)

    state.get_by_role("button", name="Import").click()
    expect(state).to_contain_text("Being imported")
    with transaction(server.engine) as session:
        kept = end_import(session, only_import(server))
    state.get_by_role("link", name="Open the data set").click()
    expect(page).to_have_url(f"{server.url}/training/datasets/{kept}")
    expect(page.get_by_role("heading", name="cells, version 1")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("a" * 64)
    page.get_by_role("link", name="Data sets").click()
    expect(page.get_by_role("row", name="cells, version 1")).to_contain_text(
        re.compile("For training.*all.*1,200.*300 / 900.*60.*aaaaaaaaaaaa")
    )


def test_a_refused_import_says_why_first(page: Page, server: ApiServer, tmp_path: Path) -> None:
    log_in(page, server, ADMIN, "/training/datasets")
    send_archive(page, an_archive(tmp_path))
    reason = "../../etc/passwd leads out of the archive. Pack the folder anew, without such names."
    with transaction(server.engine) as session:
        refuse_import(session, only_import(server), reason)
    expect(page.get_by_role("region", name="State").get_by_role("alert")).to_have_text(reason)
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    page.get_by_role("link", name="Data sets").click()
    expect(page.get_by_role("row", name="cells")).to_contain_text(re.compile("Refused.*etc/passwd"))


def test_an_import_is_dropped(page: Page, server: ApiServer, tmp_path: Path) -> None:
    log_in(page, server, ADMIN, "/training/datasets")
    send_archive(page, an_archive(tmp_path))
    with transaction(server.engine) as session:
        check_import(session, server.blobs, only_import(server))
    page.get_by_role("button", name="Drop…").click()
    page.get_by_role("dialog", name="Drop cells?").get_by_role("button", name="Drop").click()
    expect(page.get_by_role("region", name="State")).to_contain_text("Dropped")
    expect(page.get_by_role("button", name="Drop…")).to_have_count(0)


def test_what_is_refused_is_told_in_the_form(page: Page, server: ApiServer, tmp_path: Path) -> None:
    with transaction(server.engine) as session:
        add_dataset(session, purpose=DatasetPurpose.LOCKED_TEST)
    log_in(page, server, ADMIN, "/training/datasets")
    page.get_by_role("button", name="Import an archive…").click()
    window = page.get_by_role("dialog", name="Import an archive")
    window.get_by_label("Archive", exact=True).set_input_files(an_archive(tmp_path))
    window.get_by_label("Name", exact=True).fill("cells")
    window.get_by_role("button", name="Send and check").click()
    expect(window.get_by_role("alert")).to_contain_text("The versions of 'cells' are for locked-test")
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)

    page.get_by_role("button", name="From signed cases…").click()
    window = page.get_by_role("dialog", name="A data set of signed cases")
    window.get_by_label("Name", exact=True).fill("signed north")
    window.get_by_label("Cases of").select_option("north")
    window.get_by_role("button", name="Check them").click()
    expect(page.get_by_role("heading", name="Import of signed north")).to_be_visible()
    expect(page.get_by_role("region", name="State")).to_contain_text(re.compile("north.*signed cases"))


def test_a_version_that_a_job_needs_is_not_removed(page: Page, server: ApiServer) -> None:
    with transaction(server.engine) as session:
        needed = add_dataset(session, purpose=DatasetPurpose.LOCKED_TEST, name="locked north", site_id="north")
        add_dataset(session)
        job = TrainingJob(
            id=UUID(int=1), kind="assess", subject="d" * 64, created_by=ADMIN, parameters={"datasets": [str(needed.id)]}
        )
        session.add(job)
    log_in(page, server, ADMIN, "/training/datasets")
    expect(page.get_by_role("row", name="locked north")).to_contain_text(re.compile("Locked test set.*north"))
    for name in ("locked north", "cells"):
        page.get_by_role("button", name=f"Actions for {name}, version 1").click()
        page.get_by_role("menuitem", name="Remove…").click()
        window = page.get_by_role("dialog", name=f"Remove {name}, version 1?")
        window.get_by_role("button", name="Remove").click()
        if name == "locked north":
            expect(window.get_by_role("alert")).to_contain_text("Cancel the job, or wait for its end")
            page.keyboard.press("Escape")
        expect(window).to_have_count(0)
    expect(page.get_by_role("row", name="cells, version 1")).to_contain_text("Removed by admin")
    expect(page.get_by_role("row", name="locked north")).not_to_contain_text("Removed")


def test_the_fate_of_a_signed_image_is_told_to_both(page: Page, server: ApiServer) -> None:
    case = add_case(server, 1, 0.9)
    open_case(page, server, case)
    page.get_by_text("Particulars").click()
    expect(page.get_by_text("For training", exact=True)).to_have_count(0)
    judge_images(page, "1")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.keyboard.type("Blasts.")
    page.keyboard.press("Escape")
    expect(saved(page)).to_contain_text("saved")
    sign(page, 1)
    page.goto(f"{server.url}/cases/{case}")
    page.get_by_text("Particulars").click()
    expect(page.get_by_text("For training", exact=True)).to_be_visible()
    expect(page.get_by_text("Waits for the next data set, as ALL.")).to_be_visible()

    browser = page.context.browser
    assert browser is not None
    with browser.new_context() as context:
        other = context.new_page()
        log_in(other, server, ADMIN, "/training/candidates")
        image = other.get_by_role("row").filter(has_text="Waits for the next data set, as ALL.")
        expect(image).to_contain_text("north")
        other.get_by_role("button", name="Not used").click()
        expect(other.get_by_role("heading", name="No image")).to_be_visible()
        other.get_by_role("button", name="Waits for the next data set").click()
        image.get_by_role("link").click()
        expect(other).to_have_url(f"{server.url}/cases/{case}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_barriers_and_fit(page: Page, server: ApiServer, tmp_path: Path, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    with transaction(server.engine) as session:
        dataset = add_dataset(session)
    log_in(page, server, ADMIN, "/training/datasets")
    send_archive(page, an_archive(tmp_path))
    with transaction(server.engine) as session:
        check_import(session, server.blobs, only_import(server))
    for address, awaited in {
        "datasets": "cells, version 1",
        f"datasets/{dataset.id}": "Background colour",
        f"imports/{only_import(server)}": "Background colour",
        "candidates": "No image",
    }.items():
        page.goto(f"{server.url}/training/{address}")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.get_by_role("main").get_by_text(awaited).first).to_be_visible()
            assert barriers(page) == [], (address, width)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (address, width)
    page.goto(f"{server.url}/training/datasets")
    for way in ("Import an archive…", "From signed cases…"):
        page.get_by_role("button", name=way).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert barriers(page) == [], way
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
