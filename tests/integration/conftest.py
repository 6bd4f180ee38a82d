"""A served API and a client that may use it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.web import ApiServer, web_settings


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        yield server


@pytest.fixture
def server_on_both(tmp_path: Path, database_url: str) -> Iterator[ApiServer]:
    with ApiServer(web_settings(tmp_path, database_url)) as server:
        yield server


@pytest.fixture
def client(server: ApiServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client
