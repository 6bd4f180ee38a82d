"""Who asks: the user behind a session or a token, as it stands in the database at this moment."""

from collections.abc import Callable, Collection, Iterator
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
    found = identify_all(session, [credential], limits, moment).get(credential)
    if found is None:
        raise UnauthorisedError(_ENDED[credential.kind])
    return found


def identify_all(
    session: Session, credentials: Collection[Credential], limits: SessionLimits, moment: datetime
) -> dict[Credential, Identity]:
    """The users whom credentials belong to, in one query a kind; left out are those that open nothing."""
    found: dict[Credential, Identity] = {}
    for kind, find in _FINDERS.items():
        hashes = [credential.sha256 for credential in credentials if credential.kind is kind]
        if hashes:
            found |= {identity.credential: identity for identity in find(session, hashes, limits, moment)}
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


def _by_session(
    session: Session, hashes: Collection[str], limits: SessionLimits, moment: datetime
) -> Iterator[Identity]:
    rows = session.execute(
        select(UserAccount.name, UserAccount.role, UserAccount.site_id, WebSession.id_sha256, WebSession.last_seen_at)
        .join(WebSession, WebSession.user_id == UserAccount.id)
        .where(
            WebSession.id_sha256.in_(hashes),
            UserAccount.disabled_at.is_(None),
            WebSession.last_seen_at > moment - limits.idle,
            WebSession.created_at > moment - limits.absolute,
        )
    )
    for name, role, site, sha256, seen_at in rows:
        yield Identity(name, Role(role), site, Credential(CredentialKind.SESSION, sha256), last_used_at=seen_at)


def _by_token(
    session: Session, hashes: Collection[str], _limits: SessionLimits, moment: datetime
) -> Iterator[Identity]:
    rows = session.execute(
        select(UserAccount, AccessToken)
        .join(AccessToken, AccessToken.user_id == UserAccount.id)
        .where(AccessToken.token_sha256.in_(hashes), UserAccount.disabled_at.is_(None))
    )
    for user, token in rows:
        if is_valid(token, moment):
            credential = Credential(CredentialKind.TOKEN, token.token_sha256)
            yield Identity(user.name, Role(user.role), user.site_id, credential, token.name, token.last_used_at)


_FINDERS: dict[CredentialKind, Callable[[Session, Collection[str], SessionLimits, datetime], Iterator[Identity]]] = {
    CredentialKind.SESSION: _by_session,
    CredentialKind.TOKEN: _by_token,
}
_ENDED = {
    CredentialKind.SESSION: "The session has ended: log in again.",
    CredentialKind.TOKEN: "The token is unknown, expired or revoked, or its user is disabled.",
}
