"""What most tests of the page begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cloud_service.accounts.permissions import Role
from cloud_service.app import DASHBOARD
from cloud_service.database import transaction
from tests.support.accounts import a_user
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, web_settings
from tests.support.worklist import COLLEAGUE, DOCTOR, TECHNICIAN

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture
def server(tmp_path: Path, sqlite_url: str) -> Iterator[ApiServer]:
    """The API and the page, for two clinicians and the technician of one site."""
    assert (DASHBOARD / "index.html").is_file(), "the page is not built: run `make setup`"
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        with transaction(server.engine) as session:
            a_user(session, Role.CLINICIAN, name=DOCTOR)
            a_user(session, Role.CLINICIAN, name=COLLEAGUE)
            a_user(session, Role.TECHNICIAN, name=TECHNICIAN, site="north")
        yield server
