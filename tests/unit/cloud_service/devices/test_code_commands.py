"""`smearflow device code …` as an operator types it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service import database
from cloud_service.devices.enrolment_codes import make_code
from cloud_service.errors import NotFoundError
from tests.support.accounts import TESTER
from tests.support.commands import Commands, own_cloud

commands = Commands("device", "code")
said, told = commands.said, commands.told


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with own_cloud(tmp_path, monkeypatch):
        yield


def test_codes_are_listed_without_the_code_and_withdrawn() -> None:
    assert "No code is open" in said("list")
    with database.transaction() as session:
        row, code = make_code(session, TESTER, site="north", device="scope-1")
        expires_at = row.expires_at

    (listed,) = told("list")
    assert (listed["site"], listed["device"], listed["created_by"]) == ("north", "scope-1", "tester")
    assert listed["expires_at"] == expires_at.isoformat()
    assert "made by tester" in said("list")
    assert code not in said("list") + said("list", "--json")

    assert "opens nothing" in said("withdraw", "scope-1")
    assert told("list") == []
    with pytest.raises(NotFoundError, match="No code is open for device 'scope-1'"):
        said("withdraw", "scope-1")
