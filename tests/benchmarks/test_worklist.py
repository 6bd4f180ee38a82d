"""The worklist and the page of a case over 100,000 cases and a million captures, on both databases."""

from pathlib import Path

import pytest

from cloud_service.bench.many_cases import Size
from cloud_service.bench.rendering import text_of
from cloud_service.bench.worklist import bench_worklist

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]


def test_the_worklist_and_a_cases_page(tmp_path: Path, database_url: str) -> None:
    result = bench_worklist(tmp_path, database_url, rounds=40, size=Size())
    print(f"\n{text_of(result)}")
    ratio = result.tables[0].figure("first page").ratio
    assert ratio is not None
    assert ratio.median > 1.0
