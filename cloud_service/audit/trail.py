"""The audit trail: a chain of entries, each of which holds the hash of the one before it.

An entry is written in the transaction of what it tells of. Who changes or removes one later breaks the chain at that
place, unless all later hashes are made anew: so the head is to be noted elsewhere now and then (`audit verify`).
"""

import getpass
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.database import upsert
from cloud_service.models import AuditEntry, AuditHead, now

FIRST_PREVIOUS = "0" * 64
"""Stands where the first entry names the hash of the one before it."""
COMMAND_LINE = "command line: "
"""Begins the name of whoever sits at the machine's command line; the system's name for him follows."""
HEAD_ROW = 1


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a user, through a token where one is named, or whoever sits at the machine's command line."""

    name: str
    role: str | None = None
    token: str | None = None

    @classmethod
    def at_command_line(cls) -> "Actor":
        """The operator at this machine, by the name that the system knows."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container's user without a name: KeyError before Python 3.13
            name = "unknown"
        return cls(f"{COMMAND_LINE}{name}"[:100])


NOBODY = Actor("(nobody)")
"""Who failed to log in."""


def record(session: Session, actor: Actor, action: Action, subject: str, **details: Any) -> None:
    """Add an entry to the transaction of what it tells of, as its last step: other writers of entries wait meanwhile.

    Args:
        session: the transaction.
        actor: who did it.
        action: what was done.
        subject: to whom or what, 200 characters at most.
        details: more, fit for JSON; no password, no token, nothing that names a patient.
    """
    raised = upsert(session, AuditHead).values(id=HEAD_ROW, position=1, hash=FIRST_PREVIOUS)
    # Raising the position takes the row's lock; the hash that comes back is still the previous entry's.
    position, previous = session.execute(
        raised.on_conflict_do_update(
            index_elements=[AuditHead.id], set_={"position": AuditHead.position + 1}
        ).returning(AuditHead.position, AuditHead.hash)
    ).one()
    entry = AuditEntry(
        position=position,
        at=now(),
        actor=actor.name,
        role=actor.role,
        token=actor.token,
        action=action,
        subject=subject,
        details=details,
        previous_hash=previous,
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    session.execute(update(AuditHead).values(hash=entry.hash).where(AuditHead.id == HEAD_ROW))
    session.flush()


def hash_of(entry: AuditEntry) -> str:
    """SHA-256 over the canonical JSON of an entry's other columns, the hash of the one before it among them.

    Canonical: keys sorted, no blanks, UTF-8, the time in UTC with six decimals.
    """
    told = {
        "position": entry.position,
        "at": _canonical_time(entry.at),
        "actor": entry.actor,
        "role": entry.role,
        "token": entry.token,
        "action": str(entry.action),
        "subject": entry.subject,
        "details": entry.details,
        "previous_hash": entry.previous_hash,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
