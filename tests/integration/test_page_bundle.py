"""What a browser loads before the first page is there."""

import gzip
import re
from pathlib import Path

import pytest

from cloud_service.app import DASHBOARD

LARGEST_FIRST_LOAD = 300_000
"""Bytes, gzipped."""


@pytest.fixture(scope="module")
def page() -> str:
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    return (DASHBOARD / "index.html").read_text(encoding="utf-8")


def loaded_first(page: str) -> list[Path]:
    return [DASHBOARD / name.removeprefix("/") for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)]


def test_the_first_load_is_small(page: str) -> None:
    files = loaded_first(page)

    assert {file.suffix for file in files} == {".js", ".css"}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= LARGEST_FIRST_LOAD


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    sheets = "".join(file.read_text(encoding="utf-8") for file in DASHBOARD.glob("assets/*.css"))

    assert "//" not in re.sub(r"/\*.*?\*/", "", sheets, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?!/)', page)
