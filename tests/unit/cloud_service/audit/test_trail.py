"""The audit trail as a chain: what is whole passes, and each way of tampering is noticed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import HEAD_ROW, Actor, hash_of, record
from cloud_service.audit.verify import EMPTY, BrokenTrailError, Head, verify
from cloud_service.models import AuditEntry, AuditHead, now
from shared.errors import ConfigurationError
from tests.support.accounts import sqlite_session

ACTOR = Actor("h.meier", "clinician", "reports")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with sqlite_session(tmp_path) as session:
        yield session


def write(session: Session, count: int) -> None:
    for number in range(count):
        record(session, ACTOR, Action.CAPTURE_SEEN, f"capture-{number}", größe=number, none=None)


def make_anew(session: Session, first: int) -> None:
    """What somebody does who may write to the database and knows how the hashes are made."""
    previous = session.get_one(AuditEntry, first - 1).hash
    entries = session.query(AuditEntry).filter(AuditEntry.position >= first).order_by(AuditEntry.position)
    for entry in entries:
        entry.previous_hash = previous
        entry.hash = previous = hash_of(entry)
    session.execute(update(AuditHead).values(hash=previous))
    session.flush()


def test_what_was_written_is_whole_and_read_back_the_same(session: Session) -> None:
    assert verify(session) == EMPTY
    write(session, 5)
    session.expire_all()

    head = verify(session)

    assert head.position == 5
    assert Head.parse(str(head)) == head
    entry = session.get_one(AuditEntry, 3)
    assert (entry.actor, entry.role, entry.token, entry.action) == ("h.meier", "clinician", "reports", "capture-seen")
    assert entry.details == {"größe": 2, "none": None}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", now()),
        ("actor", "somebody"),
        ("role", None),
        ("token", None),
        ("action", "log-in"),
        ("subject", "capture-9"),
        ("details", {"größe": 7}),
        ("hash", "f" * 64),
        ("previous_hash", "f" * 64),
    ],
)
def test_a_changed_column_is_noticed_at_its_entry(session: Session, column: str, value: object) -> None:
    write(session, 5)
    session.execute(update(AuditEntry).where(AuditEntry.position == 3).values({column: value}))

    with pytest.raises(BrokenTrailError, match="Entry 3"):
        verify(session)


def remove_in_between(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.position == 3))


def cut_off(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.position > 3))


def add_behind(session: Session) -> None:
    last = session.get_one(AuditEntry, 5)
    forged = AuditEntry(
        position=6, at=now(), actor="x", action="log-in", subject="x", details={}, previous_hash=last.hash
    )
    forged.hash = hash_of(forged)
    session.add(forged)
    session.flush()


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (remove_in_between, "Entry 3 is missing"),
        (cut_off, "ends at entry 3, but 5 were written"),
        (add_behind, "Entry 6 was added by something else"),
    ],
)
def test_entries_that_are_removed_or_added_are_noticed(
    session: Session, tamper: Callable[[Session], None], told: str
) -> None:
    write(session, 5)
    tamper(session)

    with pytest.raises(BrokenTrailError, match=told):
        verify(session)


def test_a_noted_head_finds_what_the_chain_alone_cannot(session: Session) -> None:
    write(session, 5)
    noted = verify(session)
    write(session, 2)
    assert verify(session, noted).position == 7

    session.execute(update(AuditEntry).where(AuditEntry.position == 4).values(subject="capture-9"))
    session.expire_all()
    make_anew(session, 4)
    assert verify(session).position == 7, "all hashes were made anew"
    with pytest.raises(BrokenTrailError, match="Entry 5 is no longer the one that was written"):
        verify(session, noted)

    session.execute(delete(AuditEntry).where(AuditEntry.position > 4))
    session.expire_all()
    session.execute(update(AuditHead).values(position=4, hash=session.get_one(AuditEntry, 4).hash))
    assert verify(session).position == 4, "cut off, and the head with it"
    with pytest.raises(BrokenTrailError, match="Entry 5"):
        verify(session, noted)


def test_what_is_rolled_back_leaves_no_entry(session: Session) -> None:
    write(session, 2)
    savepoint = session.begin_nested()
    write(session, 2)
    savepoint.rollback()
    write(session, 1)

    assert verify(session).position == 3
    assert session.get_one(AuditHead, HEAD_ROW).position == 3


@pytest.mark.parametrize("wrong", ["", "5", "5:xyz", "x:" + "0" * 64, "5:" + "0" * 63])
def test_what_is_no_head_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="POSITION:HASH"):
        Head.parse(wrong)
