"""The database's tables, brought up to date by Alembic."""

from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.pool import ConnectionPoolEntry

from cloud_service.database import make_engine
from cloud_service.models import Base
from cloud_service.models.base import UtcDateTime

_ADVISORY_LOCK = 0x736D656172  # any number that nobody else takes in this database ("smear")
_POSTGRESQL_ALONE = frozenset({"ix_case_smear"})  # over an expression, which Alembic cannot compare on SQLite


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`, in one transaction, making the SQLite file if it is absent.

    Several processes may do so at a time: the second waits for the first and finds nothing left to do.

    Raises:
        sqlalchemy.exc.OperationalError: the database is away or refuses.
    """
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        # A batch migration copies a table and drops the old one, which would cascade; checked below instead.
        event.listen(engine, "connect", _foreign_keys_off)
    try:
        with engine.begin() as connection:
            _wait_for_turn(connection)
            command.upgrade(configuration(connection), revision)
            _check_foreign_keys(connection)
    finally:
        engine.dispose()


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is inside a transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def configure_options(connection: Connection) -> dict[str, Any]:
    """How migrations are run, compared and written: batch mode where ALTER TABLE is poor (SQLite)."""
    return {
        "target_metadata": Base.metadata,
        "render_as_batch": connection.dialect.name == "sqlite",
        "render_item": _render_item,
        "compare_type": True,
        "transactional_ddl": True,
        "include_object": lambda _object, name, *_how: name not in _POSTGRESQL_ALONE,
    }


def revisions(connection: Connection) -> tuple[str | None, str | None]:
    """The version that a database's tables have (None: there are none), and the newest that there is."""
    current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(configuration(connection)).get_current_head()


def differences(connection: Connection) -> list[Any]:
    """What the tables of a database lack or have too much, against the models; empty when they agree."""
    context = MigrationContext.configure(connection, opts=configure_options(connection))
    return list(compare_metadata(context, Base.metadata))


def _render_item(kind: str, item: Any, _context: AutogenContext) -> str | bool:
    """Versions name plain SQLAlchemy types, so that they never depend on today's models."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _wait_for_turn(connection: Connection) -> None:
    """Hold back other migrations until this transaction ends; on SQLite, BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _foreign_keys_off(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"The migration would leave rows that point nowhere; it was undone: {broken[:5]}")
