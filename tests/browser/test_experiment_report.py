"""The report of an experiment in Chromium, opened from its file."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, expect

from cloud_service.ml.experiments.assembling import assemble
from cloud_service.ml.experiments.drawing import draw_figures
from cloud_service.ml.experiments.plan import Experiment
from cloud_service.ml.experiments.rendering import to_html
from tests.support.experiments import handmade_records, handmade_settings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = handmade_settings(Experiment.TABLE5)
    records = handmade_records(settings)
    report = assemble(settings, records, command="smearflow experiment table5", machine="2 processors")
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(to_html(report, draw_figures(report, records)), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_opens_offline_in_light_and_dark_and_on_a_phone(
    chromium: Browser, report_file: Path, scheme: str, width: int
) -> None:
    page = chromium.new_page(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 900}
    )
    fetched: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            fetched.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(report_file.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("Table 5 again: the SE-CNN against the traditional CNN")
    expect(page.get_by_text("Research use only").first).to_be_visible()
    widths = page.evaluate("Array.from(document.images, image => image.naturalWidth)")
    assert len(widths) == 6
    assert all(widths)
    assert page.evaluate("document.documentElement.scrollWidth") == width  # wide tables scroll by themselves
    assert (fetched, complaints) == ([], [])
    page.close()
