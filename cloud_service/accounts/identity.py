"""Who asks: the user behind a session or a token, as it stands in the database at this moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_service.accounts.permissions import PERMISSIONS, Permission, Role
from cloud_service.accounts.tokens import is_valid, sha256_of
from cloud_service.audit.trail import Actor
from cloud_service.errors import ForbiddenError, UnauthorisedError
from cloud_service.models import AccessToken, UserAccount, WebSession

NOTE_USE_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session or token was last used: a write for each request would cost too much."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a log-in holds: `idle` after the last request, and `absolute` after the log-in."""

    idle: timedelta
    absolute: timedelta


class CredentialKind(StrEnum):
    """What a request may bring."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a kind of credential


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request brought, by its hash."""

    kind: CredentialKind
    sha256: str

    @classmethod
    def of(cls, kind: CredentialKind, secret: str) -> "Credential":
        """The credential for the secret in a cookie or header."""
        return cls(kind, sha256_of(secret))


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who asks.

    Args:
        user: its name.
        role: what it is here for.
        site: all that it may see belongs to this site; None: to any.
        credential: what it brought.
        token: the name of the token, where it came by one.
        last_used_at: when the credential was last noted as used.
    """

    user: str
    role: Role
    site: str | None
    credential: Credential
    token: str | None = None
    last_used_at: datetime | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it may do."""
        return PERMISSIONS[self.role]

    @property
    def actor(self) -> Actor:
        """Its name for the audit trail."""
        return Actor(self.user, self.role, self.token)

    def demand(self, permission: Permission) -> None:
        """Let it go on only with this permission.

        Raises:
            ForbiddenError: its role does not have it.
        """
        if permission not in self.permissions:
            raise ForbiddenError(f"This needs the permission {permission!s}, which a {self.role} does not have.")


def identify(session: Session, credential: Credential, limits: SessionLimits, moment: datetime) -> Identity:
    """The user whom a credential belongs to, if it still opens anything.

    Raises:
        UnauthorisedError: it is unknown, has ended or was revoked, or its user is disabled.
    """
    found = _FINDERS[credential.kind](session, credential, limits, moment)
    if found is None:
        raise UnauthorisedError(_ENDED[credential.kind])
    return found


def note_use(session: Session, identity: Identity, moment: datetime) -> None:
    """Note that the credential was used; to be called where `is_use_worth_noting`."""
    credential = identity.credential
    if credential.kind is CredentialKind.SESSION:
        row = update(WebSession).where(WebSession.id_sha256 == credential.sha256)
        session.execute(row.values(last_seen_at=moment))
    else:
        row = update(AccessToken).where(AccessToken.token_sha256 == credential.sha256)
        session.execute(row.values(last_used_at=moment))


def is_use_worth_noting(identity: Identity, moment: datetime) -> bool:
    """Whether the last noted use lies back far enough."""
    return identity.last_used_at is None or moment - identity.last_used_at >= NOTE_USE_EVERY


def _by_session(session: Session, credential: Credential, limits: SessionLimits, moment: datetime) -> Identity | None:
    row = session.execute(
        select(UserAccount, WebSession)
        .join(WebSession, WebSession.user_id == UserAccount.id)
        .where(WebSession.id_sha256 == credential.sha256, UserAccount.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    user, found = row
    if moment - found.last_seen_at >= limits.idle or moment - found.created_at >= limits.absolute:
        return None
    return Identity(user.name, Role(user.role), user.site_id, credential, last_used_at=found.last_seen_at)


def _by_token(session: Session, credential: Credential, _limits: SessionLimits, moment: datetime) -> Identity | None:
    row = session.execute(
        select(UserAccount, AccessToken)
        .join(AccessToken, AccessToken.user_id == UserAccount.id)
        .where(AccessToken.token_sha256 == credential.sha256, UserAccount.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    user, token = row
    if not is_valid(token, moment):
        return None
    return Identity(user.name, Role(user.role), user.site_id, credential, token.name, token.last_used_at)


_FINDERS: dict[CredentialKind, Callable[[Session, Credential, SessionLimits, datetime], Identity | None]] = {
    CredentialKind.SESSION: _by_session,
    CredentialKind.TOKEN: _by_token,
}
_ENDED = {
    CredentialKind.SESSION: "The session has ended: log in again.",
    CredentialKind.TOKEN: "The token is unknown, expired or revoked, or its user is disabled.",
}
