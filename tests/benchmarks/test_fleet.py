"""Many workstations on one machine."""

from pathlib import Path

import pytest

from cloud_service.bench.fleet import FleetPlan, bench_fleet
from cloud_service.bench.rendering import text_of

pytestmark = pytest.mark.benchmark


def test_a_fleet(tmp_path: Path) -> None:
    result = bench_fleet(tmp_path, FleetPlan(devices=10_000, captures_each=1, seconds=120.0))
    print(f"\n{text_of(result)}")
    counted = next(table for table in result.tables if table.title == "Counted")
    sent, stored = (counted.figure(name).value.median for name in ("captures sent", "receipts: stored"))
    assert stored == sent
