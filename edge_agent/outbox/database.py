"""The outbox's SQLite file: how it is opened, its schema, and transactions for several threads and processes."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigurationError, TransientError

_BUSY_SECONDS = 30.0

_VERSION_1 = (
    # AUTOINCREMENT: a sequence number is never given twice, not even after a deletion.
    """CREATE TABLE capture (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        capture_id TEXT NOT NULL UNIQUE,
        sha256 TEXT NOT NULL UNIQUE,
        urgent INTEGER NOT NULL,
        manifest TEXT NOT NULL,
        state TEXT NOT NULL,
        leased INTEGER NOT NULL DEFAULT 0,
        announced INTEGER NOT NULL DEFAULT 0,
        part_size INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        reason TEXT,
        changed_at TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX capture_to_send ON capture (urgent DESC, sequence) WHERE state = 'waiting'",
    "CREATE INDEX capture_by_state ON capture (state)",
    # A path is kept as the bytes that the file system knows: a file name need not be valid text.
    """CREATE TABLE file (
        path BLOB PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        capture_id TEXT REFERENCES capture (capture_id),
        original_sha256 TEXT,
        reason TEXT,
        noted_at TEXT NOT NULL,
        settled INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX file_unsettled ON file (capture_id) WHERE settled = 0 AND capture_id IS NOT NULL",
    "CREATE INDEX file_refused ON file (noted_at) WHERE reason IS NOT NULL",
    """CREATE TABLE result (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        delivery_id TEXT NOT NULL UNIQUE,
        capture_id TEXT NOT NULL REFERENCES capture (capture_id),
        message TEXT NOT NULL,
        shown_at TEXT NOT NULL
    ) STRICT""",
    "CREATE TABLE alarm (number INTEGER PRIMARY KEY AUTOINCREMENT, raised_at TEXT NOT NULL, text TEXT NOT NULL) STRICT",
    "CREATE TABLE identity (outbox_id TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0) STRICT",
    "INSERT INTO identity (outbox_id) VALUES (lower(hex(randomblob(16))))",
)

_VERSION_2 = ("ALTER TABLE identity ADD COLUMN obeyed TEXT",)

_VERSION_3 = (
    "ALTER TABLE file ADD COLUMN kind TEXT",
    # Of what kind a former refusal is, only the file itself can say: no file has this fingerprint, so it is read again.
    "UPDATE file SET fingerprint = '' WHERE reason IS NOT NULL",
)

# A receipt asks for its capture's results, and a shown result for its capture's file: not of all that ever were there.
_VERSION_4 = (
    "CREATE INDEX result_of_capture ON result (capture_id)",
    "CREATE INDEX file_of_capture ON file (capture_id)",
)

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""Statements that lead from one schema version to the next; the file's version is its `user_version`."""


class OutboxDatabase:
    """One SQLite file, used by each thread through a connection of its own.

    WAL with synchronous FULL (https://www.sqlite.org/pragma.html#pragma_synchronous): a commit that returned survives
    the loss of power, and `status` reads while the agent writes.

    Raises:
        ConfigurationError: the file was written by a newer version, or is no outbox.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._guard = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        try:
            self._migrate()
        except sqlite3.DatabaseError as error:
            self.close()
            raise ConfigurationError(
                f"The outbox {path} cannot be opened ({error}); restore it, or move it away to begin a new one."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; it commits unless the block raises.

        Raises:
            TransientError: the disk is full or does not answer, or another process holds the file for too long.
        """
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise TransientError(f"The outbox {self._path} could not be written ({error}).") from error

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The rows of one reading statement.

        Raises:
            TransientError: the file cannot be read at the moment.
        """
        try:
            return self._connection().execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise TransientError(f"The outbox {self._path} could not be read ({error}).") from error

    def close(self) -> None:
        """Close the connections of all threads; none may be in use."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # Used by its own thread alone; `close` comes from another one when all work is over.
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            with self._guard:
                self._connections.append(connection)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
        return connection

    def _migrate(self) -> None:
        if self._version() == len(MIGRATIONS):
            return
        with self.transaction() as connection:
            version = self._version()  # again, now that no other process can migrate at the same time
            if version > len(MIGRATIONS):
                raise ConfigurationError(
                    f"The outbox {self._path} has schema version {version}, this agent knows {len(MIGRATIONS)}:"
                    " install the newer agent again."
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        return int(self.rows("PRAGMA user_version")[0][0])
