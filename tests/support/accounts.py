"""Users of the tests, and hashes that cost them no time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from cloud_service.accounts.passwords import Passwords
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import add_user
from cloud_service.audit.trail import Actor
from cloud_service.database import make_engine, transaction
from cloud_service.models import Base, Site, UserAccount

PASSWORD = "four rare words together"  # noqa: S105 - of the tests' users alone
TESTER = Actor("tester")


def cheap_passwords(*, rounds: int = 1) -> Passwords:
    """argon2id with parameters that protect nothing and take no time."""
    return Passwords(PasswordHasher(time_cost=rounds, memory_cost=8, parallelism=1))


HASHED = cheap_passwords().hash(PASSWORD)


@contextmanager
def sqlite_session(folder: Path) -> Iterator[Session]:
    """A transaction in an SQLite database of the test's own, with all tables."""
    engine = make_engine(f"sqlite:///{folder / 'test.db'}")
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        yield session
    engine.dispose()


def add_site(session: Session, site: str) -> None:
    """A site; a second time changes nothing."""
    if session.get(Site, site) is None:
        session.add(Site(id=site))
        session.flush()


def a_user(session: Session, role: Role, *, name: str | None = None, site: str | None = None) -> UserAccount:
    """A user of this role with PASSWORD, where the role has one; a technician's site is made."""
    if site is not None:
        add_site(session, site)
    password_hash = HASHED if role.logs_in else None
    return add_user(session, TESTER, name=name or role, role=role, site=site, password_hash=password_hash)
