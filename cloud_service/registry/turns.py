"""One decision on models at a time."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_ADVISORY_LOCK: Final = 0x6D6F64656C  # any number that nobody else takes in this database ("model")


def wait_for_turn(session: Session) -> None:
    """Hold back other decisions on what is in service until this transaction ends; its first step.

    Decisions touch proposals, activations and versions in orders of their own, so that two at once might wait for each
    other. They are rare, so they take turns. On SQLite, BEGIN IMMEDIATE has seen to that already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
