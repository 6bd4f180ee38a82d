"""The database: engine, sessions, and the rules without which SQLite loses concurrent updates in silence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from cloud_service.config import settings
from cloud_service.models import Base

_BUSY_TIMEOUT_MS = 30_000
_VALUES_AT_ONCE = 500  # SQLite took 999 parameters at most until 2020

_Value = TypeVar("_Value")


def make_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL, set up so that committed means durable and concurrent updates are kept.

    Its errors leave out what was written, a case's pseudonym and a smear's name among it: they end up in logs.

    SQLite: write-ahead log, synchronous FULL, and every transaction begins IMMEDIATE. With the driver's own transaction
    control, concurrent read-then-write transactions overwrote each other.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, hide_parameters=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver starts no transaction of its own; `_begin_immediate` does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@cache
def engine() -> Engine:
    """This process's engine, made once from the settings."""
    return make_engine(settings().database_url)


@contextmanager
def transaction(bind: Engine | None = None) -> Iterator[Session]:
    """One transaction: committed at the end of the block, rolled back if it raises.

    Objects stay readable after the commit.
    """
    with sessionmaker(bind or engine(), expire_on_commit=False).begin() as session:
        yield session


@contextmanager
def snapshot(bind: Engine | None = None) -> Iterator[Session]:
    """A transaction that only reads: it holds up no writer on SQLite. What it changes is not committed."""
    with Session((bind or engine()).execution_options(reading=True), expire_on_commit=False) as session:
        yield session


def upsert(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what happens on a conflict: `on_conflict_do_nothing()`, `on_conflict_do_update(...)`.

    What the session holds is written first, so that rows which the new one points to are there.
    """
    session.flush()
    return insert_into(session.get_bind().dialect.name, model)


def insert_into(dialect: str, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """As `upsert`, for statements that are made once; the caller flushes the session."""
    return postgresql.insert(table_of(model)) if dialect == "postgresql" else sqlite.insert(table_of(model))


def portions(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Values in parts that one statement may name, say with IN: it takes so many parameters and no more."""
    return (values[start : start + _VALUES_AT_ONCE] for start in range(0, len(values), _VALUES_AT_ONCE))


def table_of(model: type[Base]) -> Table:
    """The table of a model. To insert many rows into it costs less than to have the session do it."""
    return cast("Table", model.__table__)
