"""Which of the cloud's processes are there: each says so now and then, in a row of its own, whatever else it does."""

import os
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from cloud_service.database import transaction, upsert
from cloud_service.models import Heartbeat, now

EVERY_SECONDS = 15.0
ALIVE_FOR = timedelta(seconds=4 * EVERY_SECONDS)
"""Who was silent for longer is taken for gone."""
_FORGOTTEN_AFTER = timedelta(days=1)


class Pulse:
    """Lets one process say that it is there.

    Args:
        engine: of the database.
        kind: "worker" or "ingest".
        name: unlike every other process's; host and process id where not given.
    """

    def __init__(self, engine: Engine, kind: str, name: str | None = None) -> None:
        self._engine = engine
        self._kind = kind
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = now()
        self._next = 0.0

    def beat_if_due(self, **about: Any) -> None:
        """Say it, unless that was done a moment ago; to be called as often as the process comes by.

        Args:
            about: what else there is to say, fit for JSON.

        Raises:
            sqlalchemy.exc.OperationalError: the database is away; the next call says it.
        """
        if time.monotonic() < self._next:
            return
        with transaction(self._engine) as session:
            self._write(session, about)
        self._next = time.monotonic() + EVERY_SECONDS

    def hurry(self) -> None:
        """Let the next call of `beat_if_due` say it in any case, as there is news."""
        self._next = 0.0

    def _write(self, session: Session, about: dict[str, Any]) -> None:
        said = {"kind": self._kind, "started_at": self._started_at, "seen_at": now(), "about": about}
        row = upsert(session, Heartbeat).values(name=self._name, **said)
        session.execute(row.on_conflict_do_update(index_elements=[Heartbeat.name], set_=said))
        session.execute(delete(Heartbeat).where(Heartbeat.seen_at < now() - _FORGOTTEN_AFTER))


def heartbeats(session: Session, kind: str) -> Sequence[Heartbeat]:
    """Of the processes of a kind that said something within a day, by name."""
    return session.scalars(select(Heartbeat).where(Heartbeat.kind == kind).order_by(Heartbeat.name)).all()
