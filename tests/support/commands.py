"""`smearflow …` as an operator types it, in this process, on a database and a blob store of the test's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from cloud_service import config, database, migrations
from cloud_service.cli import app as cloud
from tests.support.web import NO_REDIS


@contextmanager
def own_cloud(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the commands, and `database.transaction()`, work on a migrated SQLite database and on blobs in `folder`."""
    url = f"sqlite:///{folder / 'test.db'}"
    migrations.upgrade(url)
    monkeypatch.setenv("SMEARFLOW_DATABASE_URL", url)
    monkeypatch.setenv("SMEARFLOW_BLOB_URL", str(folder / "blobs"))
    monkeypatch.setenv("SMEARFLOW_REDIS_URL", NO_REDIS)
    _forget()
    yield
    database.engine().dispose()
    _forget()


def _forget() -> None:
    config.settings.cache_clear()
    database.engine.cache_clear()


class Commands:
    """A program whose command lines all begin with the same words: `Commands("model").told("list")`, say."""

    def __init__(self, *words: str, app: Typer = cloud) -> None:
        self._words = words
        self._app = app

    def run(self, *words: object, given: str | None = None) -> Result:
        """What comes of a command line with `given` on standard input; an error of the project's own is raised."""
        line = [*self._words, *map(str, words)]
        return CliRunner().invoke(self._app, line, input=given, catch_exceptions=False)

    def said(self, *words: object, given: str | None = None) -> str:
        """The standard output of a command that must end well."""
        result = self.run(*words, given=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def told(self, *words: object, given: str | None = None) -> Any:
        """The JSON of a command that must end well."""
        return json.loads(self.said(*words, "--json", given=given))
