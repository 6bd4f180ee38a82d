"""From a result in the database to its row on the page: captures one after another, two pages open in Chromium.

The baseline is the *bare stream*, in the same run: when a reader of the event stream that draws nothing got the result.
The live page draws each result as it comes; the worklist takes news in five times a second at most.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud_service.bench.stream import watched_stream
from tests.support.pages import connection, fill_log_in
from tests.support.photographs import draw_many_crops, take
from tests.support.stack import RunningStack, running_stack, until

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

RESULTS = 50  # as many as one page of the worklist holds
PAUSE_SECONDS = 1.0  # as at a microscope that is used; a burst measures the queue
ANSWERED = "tr[data-case]:has(.case-finding:not(.none))"  # its row is there before, and says that it waits
# When each row was first painted: a frame is on the screen when the one after it begins.
NOTE_ROWS = """selector => {
  window.shownAt = {};
  const note = () => {
    for (const row of document.querySelectorAll(selector)) {
      const id = row.dataset.capture ?? row.dataset.case;
      if (!(id in window.shownAt)) {
        window.shownAt[id] = null;
        requestAnimationFrame(() => requestAnimationFrame(() => { window.shownAt[id] = Date.now(); }));
      }
    }
  };
  note();
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path / "stack", "--unidentified", "own-case") as running:
        yield running


def opened(browser: Browser, stack: RunningStack, path: str, selector: str) -> Page:
    """A page that is live, and notes when rows appear."""
    page = browser.new_context().new_page()
    page.goto(f"{stack.url}{path}")
    fill_log_in(page, "admin", stack.first_password)
    expect(connection(page)).to_contain_text("Live")
    page.mouse.move(0, 0)  # while somebody points at the worklist, news wait
    page.evaluate(NOTE_ROWS, selector)
    return page


def shown_at(page: Page) -> dict[UUID, datetime]:
    rows: dict[str, int | None] = page.evaluate("window.shownAt")
    return {UUID(row): datetime.fromtimestamp(at / 1000, UTC) for row, at in rows.items() if at is not None}


def figures(name: str, seen: dict[UUID, datetime], at: dict[UUID, datetime]) -> tuple[float, float]:
    taken = [1000 * (seen[capture] - moment).total_seconds() for capture, moment in at.items()]
    cuts = quantiles(taken, n=100, method="inclusive")
    print(f"  {name:13} p50 {cuts[49]:6.0f} ms   p95 {cuts[94]:6.0f} ms   most {max(taken):6.0f} ms")
    return cuts[49], cuts[94]


def test_a_result_becomes_a_row(stack: RunningStack, chromium: Browser, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    photographs = draw_many_crops(crops, RESULTS)
    live = opened(chromium, stack, "/captures", "tr.analysed[data-capture]")
    worklist = opened(chromium, stack, "/worklist?queue=all", ANSWERED)
    load = os.getloadavg()[0]
    with watched_stream(stack.url, stack.token) as stream:
        for number, path in enumerate(photographs, 1):
            take(path, stack.captures)
            until(lambda wanted=number: len(stream.seen_at) == wanted, 60, "the result has reached the stream")  # type: ignore[misc] # a default makes it each turn's own
            time.sleep(PAUSE_SECONDS)
        until(lambda: len(shown_at(live)) == RESULTS, 60, "the live page shows every result")
        until(lambda: len(shown_at(worklist)) == RESULTS, 60, "the worklist shows every case")
        by_stream = dict(stream.seen_at)
    rows = stack.rows(
        'SELECT prediction.capture_id, prediction.created_at, "case".id FROM prediction'
        " JOIN capture ON capture.id = prediction.capture_id"
        ' JOIN "case" ON "case".pseudonym = capture.case_pseudonym AND "case".site_id = capture.site_id'
    )
    at = {UUID(capture): datetime.fromisoformat(moment).replace(tzinfo=UTC) for capture, moment, _ in rows}
    by_case = shown_at(worklist)
    print(f"\n{RESULTS} results, from row in the database; load {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    bare = figures("bare stream", by_stream, at)
    shown = figures("live page", shown_at(live), at)
    listed = figures("worklist", {UUID(capture): by_case[UUID(case)] for capture, _, case in rows}, at)
    print(f"  ratio  live page / bare stream: {shown[0] / bare[0]:.1f} at p50, {shown[1] / bare[1]:.1f} at p95")
    print(f"  ratio  worklist / bare stream: {listed[0] / bare[0]:.1f} at p50, {listed[1] / bare[1]:.1f} at p95")
    assert len(at) == RESULTS
