"""The gate of the API: log-in, log-out, and who it is that asks."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, or_
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import (
    Credential,
    CredentialKind,
    Identity,
    SessionLimits,
    identify,
    identify_all,
    is_use_worth_noting,
    note_use,
)
from cloud_service.accounts.limiter import FailureLimiter
from cloud_service.accounts.openid.errors import NotAdmittedError
from cloud_service.accounts.passwords import Passwords, check_password
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import change_own_password, find_user, normal_name, user_by_name
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import NOBODY, Actor, record
from cloud_service.config import Settings
from cloud_service.database import snapshot, transaction
from cloud_service.errors import ForbiddenError, UnauthorisedError
from cloud_service.models import UserAccount, WebSession, now

_SESSION_BYTES = 32
_REFUSED = "User name or password is wrong."
_UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found of a user whose password was compared; a new hash where the stored one is outdated."""

    name: str
    stored_hash: str | None
    is_right: bool
    fresh_hash: str | None = None


class Gate:
    """Lets users in and knows them again.

    Args:
        settings: say how long sessions hold.
        engine: of the database.
        passwords: makes and checks hashes.
    """

    def __init__(self, settings: Settings, engine: Engine, passwords: Passwords | None = None) -> None:
        self.limits = SessionLimits(
            timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        )
        self._engine = engine
        self._passwords = passwords or Passwords()
        # Many people may share an address, behind a proxy say; guessing at one user has to be slow from anywhere.
        self._addresses = FailureLimiter(engine, "the address", allowed=30, window_seconds=60)
        self._names = FailureLimiter(engine, "the user", allowed=10, window_seconds=300)

    def log_in(self, name: str, password: str, address: str) -> tuple[Identity, str]:
        """Check a password; returns the user and the value of a fresh session cookie.

        Raises:
            TooManyAttemptsError: too many log-ins failed, from this address or of this user.
            UnauthorisedError: name or password is wrong, or the user is disabled; it is not said which.
        """
        name = normal_name(name)
        self._addresses.check(address)
        self._names.check(name)
        checked = self._check(name, password)
        with transaction(self._engine) as session:
            # Locked, so that a session cannot slip in beside a reset that ends them all.
            user = user_by_name(session, name) if checked.is_right else None
            if user is not None and user.disabled_at is None and user.password_hash == checked.stored_hash:
                user.password_hash = checked.fresh_hash or user.password_hash
                return self._open(session, user, address, how="password")
            known = checked.name if checked.stored_hash else _UNKNOWN
            self._addresses.count(session, address)
            self._names.count(session, name)
            record(session, NOBODY, Action.LOG_IN_REFUSED, known, address=address, how="password")
        raise UnauthorisedError(_REFUSED)

    def log_in_by_provider(self, find: Callable[[Session], UserAccount], address: str) -> tuple[Identity, str]:
        """Let in a user whom an OpenID Connect provider vouches for; returns it and a fresh session cookie.

        Args:
            find: the user, locked and known to be let in, within the transaction that it is given.
            address: that asks.

        Raises:
            NotAdmittedError: from `find`.
        """
        with transaction(self._engine) as session:
            return self._open(session, find(session), address, how="openid")

    def check_address(self, address: str) -> None:
        """Let an address try to log in, or not.

        Raises:
            TooManyAttemptsError: too many log-ins failed from it.
        """
        self._addresses.check(address)

    def refuse_provider(self, error: NotAdmittedError, address: str) -> None:
        """Note, in the audit trail and against the address, that somebody came from a provider in vain."""
        known = error.user or _UNKNOWN
        with transaction(self._engine) as session:
            self._addresses.count(session, address)
            record(session, NOBODY, Action.LOG_IN_REFUSED, known, address=address, how="openid", reason=error.reason)

    def log_out(self, identity: Identity) -> None:
        """End the session by which the user came."""
        with transaction(self._engine) as session:
            session.execute(delete(WebSession).where(WebSession.id_sha256 == identity.credential.sha256))
            record(session, identity.actor, Action.LOG_OUT, identity.user)

    def change_password(self, identity: Identity, present: str, new: str) -> None:
        """Give the user who asks a new password; ends all its sessions.

        Raises:
            ForbiddenError: it came by a token, or the present password is wrong.
            WeakPasswordError: the new one is too easily guessed.
            TooManyAttemptsError: the present password was given wrongly too often.
            ConflictError: it was changed meanwhile.
        """
        if identity.credential.kind is not CredentialKind.SESSION:
            raise ForbiddenError("A password is changed by the person who is logged in, not by a program.")
        self._names.check(identity.user)
        check_password(new, user=identity.user)
        checked = self._check(identity.user, present)
        if not checked.is_right or checked.stored_hash is None:
            with transaction(self._engine) as session:
                self._names.count(session, identity.user)
            raise ForbiddenError("The present password is wrong.")
        new_hash = self._passwords.hash(new)
        with transaction(self._engine) as session:
            change_own_password(
                session, identity.actor, identity.user, known_hash=checked.stored_hash, password_hash=new_hash
            )

    def hash_new(self, password: str, *, user: str) -> str:
        """The hash of a password that a user is to have.

        Raises:
            WeakPasswordError: it is too easily guessed.
        """
        check_password(password, user=normal_name(user))
        return self._passwords.hash(password)

    def identify(self, credential: Credential) -> Identity:
        """The user whom a credential belongs to.

        Raises:
            UnauthorisedError: it opens nothing.
        """
        moment = now()
        with snapshot(self._engine) as session:
            found = identify(session, credential, self.limits, moment)
        if is_use_worth_noting(found, moment):
            with transaction(self._engine) as session:
                note_use(session, found, moment)
        return found

    def still_in(self, session: Session, identities: Collection[Identity]) -> frozenset[Identity]:
        """For what goes on for long: those of some users who are still let in, with the same role and site.

        Left out is who logged out, whose session or token has ended, who was disabled, or has other rights by now.
        """
        found = identify_all(session, {identity.credential for identity in identities}, self.limits, now())
        return frozenset(
            identity
            for identity in identities
            if (same := found.get(identity.credential)) is not None
            and (same.user, same.role, same.site) == (identity.user, identity.role, identity.site)
        )

    def _check(self, name: str, password: str) -> _Checked:
        """Compare, with no transaction open: it takes long, also where there is no such user."""
        with snapshot(self._engine) as session:
            user = find_user(session, name)
            stored = user.password_hash if user else None
        is_right = self._passwords.matches(stored, password)
        is_outdated = is_right and stored is not None and self._passwords.is_outdated(stored)
        return _Checked(name, stored, is_right, self._passwords.hash(password) if is_outdated else None)

    def _open(self, session: Session, user: UserAccount, address: str, *, how: str) -> tuple[Identity, str]:
        moment = now()
        self._forget_ended(session, moment)
        secret = secrets.token_urlsafe(_SESSION_BYTES)
        credential = Credential.of(CredentialKind.SESSION, secret)
        session.add(WebSession(id_sha256=credential.sha256, user_id=user.id, created_at=moment, last_seen_at=moment))
        user.last_log_in_at = moment
        session.flush()
        record(session, Actor(user.name, user.role), Action.LOG_IN, user.name, address=address, how=how)
        return Identity(user.name, Role(user.role), user.site_id, credential), secret

    def _forget_ended(self, session: Session, moment: datetime) -> None:
        ended = or_(
            WebSession.last_seen_at <= moment - self.limits.idle, WebSession.created_at <= moment - self.limits.absolute
        )
        session.execute(delete(WebSession).where(ended))
