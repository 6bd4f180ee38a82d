"""Walks the audit trail and says where it was tampered with."""

import re
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.trail import FIRST_PREVIOUS, HEAD_ROW, hash_of
from cloud_service.models import AuditEntry, AuditHead
from shared.errors import ConfigurationError, PermanentError

_AT_ONCE = 1000


class BrokenTrailError(PermanentError):
    """The audit trail is not what was written; the text says from where on."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry; noted elsewhere, it shows later whether the trail was cut or written anew before it."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A head as it was printed.

        Raises:
            ConfigurationError: it does not read POSITION:HASH.
        """
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
        if found is None:
            raise ConfigurationError(
                f"A head reads POSITION:HASH, as `smearflow audit verify` prints it, not {text!r}."
            )
        return cls(int(found[1]), found[2])


EMPTY = Head(0, FIRST_PREVIOUS)


def verify(session: Session, noted: Head = EMPTY, *, behind: int = 0) -> Head:
    """Check entries, in order, each against its hash and the one before it; return the head.

    Others may add entries meanwhile.

    Args:
        session: a snapshot.
        noted: a head that was noted earlier, which must still be among the entries that are looked at.
        behind: the entries behind this position are looked at; its own hash is believed.

    Raises:
        BrokenTrailError: an entry was changed, removed, added in between or behind, or the noted head is not there.
    """
    before = known_head(session)
    last = _head_at(session, behind)
    wanted = {before, noted} - {EMPTY, last}
    rows = select(AuditEntry).where(AuditEntry.position > behind).order_by(AuditEntry.position)
    with session.scalars(rows.execution_options(yield_per=_AT_ONCE)) as entries:
        for entry in entries:
            _check(entry, last)
            last = Head(entry.position, entry.hash)
            wanted.discard(last)
            session.expunge(entry)  # a long trail need not stay in memory
    if last.position < before.position:
        raise BrokenTrailError(f"The trail ends at entry {last.position}, but {before.position} were written: cut off.")
    if last.position > known_head(session).position:
        raise BrokenTrailError(f"Entry {last.position} was added by something else than Smearflow.")
    for head in wanted:
        raise BrokenTrailError(
            f"Entry {head.position} is no longer the one that was written: all from there on is new."
        )
    return last


def _head_at(session: Session, position: int) -> Head:
    if position == 0:
        return EMPTY
    entry = session.get(AuditEntry, position)
    if entry is None:
        raise BrokenTrailError(f"Entry {position} is missing.")
    return Head(entry.position, entry.hash)


def known_head(session: Session) -> Head:
    """The head as the trail's one row says it; what is written at the same moment may be missing."""
    row = session.execute(select(AuditHead.position, AuditHead.hash).where(AuditHead.id == HEAD_ROW)).one_or_none()
    return Head(*row) if row else EMPTY


def _check(entry: AuditEntry, last: Head) -> None:
    if entry.position != last.position + 1:
        raise BrokenTrailError(f"Entry {last.position + 1} is missing: the next one is {entry.position}.")
    if entry.previous_hash != last.hash:
        raise BrokenTrailError(f"Entry {entry.position} does not follow {last.position}: one of the two was replaced.")
    if hash_of(entry) != entry.hash:
        raise BrokenTrailError(f"Entry {entry.position} was changed after it was written.")
