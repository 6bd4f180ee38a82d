"""Tokens of programs: random, shown once, each with the rights of its user, and revocable one by one."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts.users import normal_name, user_by_name
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import AccessToken, UserAccount, now

PREFIX = "smf_"
"""Opens every token, so that a person or a scanner of leaked secrets knows one."""
_RANDOM_BYTES = 32
_LONGEST_NAME = 64


def sha256_of(secret: str) -> str:
    """What is kept of a token or a session's id. They are random, so a plain hash tells nothing of them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_token(
    session: Session, actor: Actor, *, user: str, name: str, lifetime: timedelta | None = None
) -> tuple[AccessToken, str]:
    """Make a token for a user; returns its row and the token itself, which is kept nowhere.

    The name of a revoked or expired token can be given again.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: the user has a token of this name, or the name is empty or too long.
    """
    owner = user_by_name(session, user)
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ConflictError(f"A token's name has 1 to {_LONGEST_NAME} characters: say what program it is for.")
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    row = _find(session, owner, name)
    if row is not None and is_valid(row, now()):
        raise ConflictError(f"{owner.name!r} has a token {name!r}: revoke it first, or choose another name.")
    if row is not None:
        session.delete(row)  # the audit trail keeps what it was
        session.flush()
    expires_at = now() + lifetime if lifetime else None
    row = AccessToken(id=uuid4(), user_id=owner.id, name=name, token_sha256=sha256_of(secret), expires_at=expires_at)
    session.add(row)
    session.flush()
    until = expires_at.isoformat() if expires_at else None
    record(session, actor, Action.TOKEN_ADDED, owner.name, token=name, expires_at=until)
    return row, secret


def revoke_token(session: Session, actor: Actor, *, user: str, name: str) -> None:
    """Let a token open nothing any more.

    Raises:
        NotFoundError: there is no such user, or it has no valid token of this name.
    """
    owner = user_by_name(session, user)
    row = _find(session, owner, name)
    if row is None or row.revoked_at is not None:
        raise NotFoundError(f"{owner.name!r} has no token {name!r}; see `smearflow user token list`.")
    row.revoked_at = now()
    record(session, actor, Action.TOKEN_REVOKED, owner.name, token=name)


def revoke_token_by_id(session: Session, actor: Actor, *, user: str, token_id: UUID) -> None:
    """Let a token open nothing any more.

    Raises:
        NotFoundError: there is no such user, or it has no valid token with this id.
    """
    owner = user_by_name(session, user)
    row = session.get(AccessToken, token_id, with_for_update=True)
    if row is None or row.user_id != owner.id:
        raise NotFoundError(f"{owner.name!r} has no token {token_id}.")
    revoke_token(session, actor, user=user, name=row.name)


def is_valid(token: AccessToken, moment: datetime) -> bool:
    """Whether a token still opens anything, its user aside."""
    return token.revoked_at is None and (token.expires_at is None or moment < token.expires_at)


def all_tokens(session: Session, user: str | None = None) -> Sequence[tuple[UserAccount, AccessToken]]:
    """Every token with its user, by their names; of one user, where it is named."""
    query = select(UserAccount, AccessToken).join(AccessToken, AccessToken.user_id == UserAccount.id)
    if user is not None:
        query = query.where(UserAccount.name == normal_name(user))
    rows = session.execute(query.order_by(UserAccount.name, AccessToken.name))
    return [(owner, token) for owner, token in rows]


def _find(session: Session, owner: UserAccount, name: str) -> AccessToken | None:
    query = select(AccessToken).where(AccessToken.user_id == owner.id, AccessToken.name == name).with_for_update()
    return session.scalars(query).one_or_none()
