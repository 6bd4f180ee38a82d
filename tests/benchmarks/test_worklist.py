"""The worklist and the page of a case over 100,000 cases and a million captures, on both databases.

The baseline of each figure is *joined*, in the same run: the same first page read from captures and their answers, as
it would be if cases kept nothing of them. Times are those that a client of the API on the same machine waits.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cloud_service.accounts.permissions import Role
from tests.support.many_cases import CASES, IMAGES_EACH, fill
from tests.support.web import ApiServer, web_settings

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

ASKED = 40  # times each
FIRST_PAGE = {"queue": "critical"}
QUERIES: dict[str, dict[str, Any]] = {
    "first page": FIRST_PAGE,
    "all queues": {},
    "no such state": {"state": "amended"},
    "answer": {"answer": "cannot_say"},
    "mine": {"holder": "mine"},
    "mine, critical": FIRST_PAGE | {"holder": "mine"},
    "unclaimed": FIRST_PAGE | {"holder": "unclaimed"},
    "mine or unclaimed": FIRST_PAGE | {"holder": "mine_or_unclaimed"},
    "failed": {"failed": True},
    "site": FIRST_PAGE | {"site": "site-3"},
    "device": FIRST_PAGE | {"device": "scope-7"},
    "device, done": {"queue": "done", "device": "scope-7"},
    "one day": {"from": "2025-03-01T00:00:00Z", "to": "2025-03-02T00:00:00Z"},
    "newest": {"sort": "newest"},
    "oldest, routine": {"sort": "oldest", "queue": "routine"},
    "search pseudonym": {"search": "9e3779b1"},
    "search one digit": {"search": "a"},
    "search smear": {"search": "S417"},
    "search nothing": {"search": "none such"},
}
COUNTS: dict[str, dict[str, Any]] = {
    "counts": {},
    "counts, mine": {"holder": "mine_or_unclaimed"},
    "counts, device": {"device": "scope-7"},
    "counts, search": {"search": "a"},
}
JOINED = text(
    """SELECT site_id, case_pseudonym, count(*), min(announced_at) AS opened, max(probability) AS highest
    FROM capture LEFT JOIN prediction ON capture_id = capture.id WHERE state IN ('stored', 'analysed', 'failed')
    GROUP BY site_id, case_pseudonym ORDER BY highest DESC, opened LIMIT 100"""
)


@pytest.fixture
def server(tmp_path: Any, database_url: str) -> Iterator[ApiServer]:
    fill(database_url).dispose()
    with ApiServer(web_settings(tmp_path, database_url)) as server:
        yield server


@dataclass(frozen=True)
class Taken:
    """Milliseconds that an answer takes: the 95th percentile of the wait, and the median of this process's own work.

    The second holds the API and its client, and SQLite; it says what the machine's other work hides in the first.
    """

    p95: float
    own: float


def milliseconds(ask: Callable[[], object], times: int = ASKED) -> Taken:
    waited, worked = [], []
    for _ in range(times):
        begin, own = time.perf_counter(), time.process_time()
        ask()
        waited.append((time.perf_counter() - begin) * 1000)
        worked.append((time.process_time() - own) * 1000)
    return Taken(quantiles(waited, n=20, method="inclusive")[-1], median(worked))


def joined(engine: Engine) -> Taken:
    with engine.connect() as connection:
        return milliseconds(lambda: connection.execute(JOINED).all(), times=2)


def test_the_worklist_and_a_cases_page(server: ApiServer) -> None:
    with server.client(Role.CLINICIAN) as client:

        def p95(path: str, **query: Any) -> Taken:
            answered = client.get(path, params=query)
            assert answered.status_code == 200, answered.text
            return milliseconds(lambda: client.get(path, params=query))

        small = client.get("/api/v1/cases", params=FIRST_PAGE).json()["cases"][0]
        large = client.get("/api/v1/cases", params={"search": "0" * 32}).json()["cases"][0]
        taken = {name: p95("/api/v1/cases", **query) for name, query in QUERIES.items()}
        taken |= {name: p95("/api/v1/cases/counts", **query) for name, query in COUNTS.items()}
        for name, case in (("small", small), ("large", large)):
            taken[f"{name} case, {case['images']} images"] = p95(f"/api/v1/cases/{case['id']}")
            taken[f"{name} case, first 100 images"] = p95(f"/api/v1/cases/{case['id']}/images")
    baseline = joined(server.engine)
    print(f"\n{CASES:,} cases of {IMAGES_EACH} images, {server.engine.dialect.name}; joined: {baseline.p95:.0f} ms")
    for name, value in taken.items():
        ratio = baseline.p95 / value.p95
        print(f"  {name:28} p95 {value.p95:6.1f} ms   own work {value.own:6.1f} ms   joined / this {ratio:6.0f}")
    assert taken["first page"].p95 < baseline.p95
