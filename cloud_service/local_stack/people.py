"""Who may use a local stack: its first administrator, and the demo that reads along."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cloud_service.accounts.passwords import Passwords, random_password
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token, revoke_token
from cloud_service.accounts.users import FIRST_ADMINISTRATOR, add_user, find_user, is_anybody_there
from cloud_service.audit.trail import Actor
from cloud_service.database import snapshot, transaction
from cloud_service.errors import NotFoundError

DEMO = "demo"
_LONGEST_DEMO = timedelta(days=1)


def add_first_administrator(engine: Engine) -> str | None:
    """Where there is no user yet, add `admin`; returns its random password, which is kept nowhere, else None."""
    with snapshot(engine) as session:
        if is_anybody_there(session):
            return None
    password = random_password()
    password_hash = Passwords().hash(password)
    with transaction(engine) as session:
        add_user(
            session,
            Actor.at_command_line(),
            name=FIRST_ADMINISTRATOR,
            role=Role.ADMINISTRATOR,
            site=None,
            password_hash=password_hash,
        )
    return password


@contextmanager
def demo_token(engine: Engine) -> Iterator[str]:
    """A token for the demo itself, as a service user; it opens nothing any more when the block ends."""
    actor = Actor.at_command_line()
    with transaction(engine) as session:
        if find_user(session, DEMO) is None:
            add_user(session, actor, name=DEMO, role=Role.SERVICE, site=None, password_hash=None)
        _end_token(session, actor)  # a demo that was killed leaves its own behind
        _, secret = add_token(session, actor, user=DEMO, name=DEMO, lifetime=_LONGEST_DEMO)
    try:
        yield secret
    finally:
        with transaction(engine) as session:
            _end_token(session, actor)


def _end_token(session: Session, actor: Actor) -> None:
    with suppress(NotFoundError):  # somebody may have revoked it already
        revoke_token(session, actor, user=DEMO, name=DEMO)
