"""Users: added, changed, disabled, enabled, given a new password. Each change is audited in its own transaction.

Passwords are hashed before the transaction begins: that takes long, and SQLite has one writer.
"""

import re
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cloud_service.accounts.permissions import Role
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError, NotFoundError, RequestError
from cloud_service.models import Site, UserAccount, WebSession, now

FIRST_ADMINISTRATOR = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class UserNameError(RequestError):
    """A name that no user may have; the text says what one looks like."""


def normal_name(name: str) -> str:
    """A user's name as it is kept: capital letters do not count."""
    return name.strip().lower()


def is_name(name: str) -> bool:
    """Whether a user may have this name, already in the form in which it is kept."""
    return _NAME.fullmatch(name) is not None


def add_user(
    session: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    site: str | None,
    password_hash: str | None,
    by_provider: bool = False,
) -> UserAccount:
    """Add a user.

    Args:
        session: the transaction.
        actor: who adds it.
        name: lower-case letters, digits, dot, underscore, hyphen; unique.
        role: technicians have a site, nobody else has one.
        site: which must be known.
        password_hash: of a password that was checked; None for the role that comes by token alone.
        by_provider: whether the user comes through an OpenID Connect provider, and has no password.

    Raises:
        UserNameError: the name is none.
        ConflictError: the name is taken, or role, site and password do not go together.
        NotFoundError: there is no such site.
    """
    name = normal_name(name)
    if not is_name(name):
        raise UserNameError(f"{name!r} is no user name: 1 to 64 of a-z 0-9 . _ -, the first a letter or digit.")
    _check_role(session, role, site)
    has_password = role.logs_in and not by_provider
    if (password_hash is not None) != has_password:
        raise ConflictError(f"A {role} has {'a' if has_password else 'no'} password.")
    if find_user(session, name) is not None:
        raise ConflictError(f"There is a user {name!r} already; see `smearflow user list`.")
    user = UserAccount(id=uuid4(), name=name, role=role, site_id=site, password_hash=password_hash)
    session.add(user)
    session.flush()
    record(session, actor, Action.USER_ADDED, name, role=str(role), site=site)
    return user


def _check_role(session: Session, role: Role, site: str | None) -> None:
    if role.is_bound_to_a_site and site is None:
        raise ConflictError(f"A {role} belongs to a site: name it.")
    if not role.is_bound_to_a_site and site is not None:
        raise ConflictError(f"A {role} belongs to no site: name none.")
    if site is not None and session.get(Site, site) is None:
        raise NotFoundError(f"There is no site {site!r}. Sites come with their first device: `smearflow device add`.")


def change_user(session: Session, actor: Actor, name: str, *, role: Role, site: str | None) -> UserAccount:
    """Give a user another role or site and end its sessions; its tokens go on, with the new rights.

    Who becomes a program loses the password; who was one gets in when `reset_password` has given one.

    Raises:
        NotFoundError: there is no such user or site.
        ConflictError: role and site do not go together, or the last administrator would be none.
    """
    administrators = _administrators(session)
    user = user_by_name(session, name)
    former = {"role": user.role, "site": user.site_id}
    if former == {"role": str(role), "site": site}:
        return user
    _check_role(session, role, site)
    if role is not Role.ADMINISTRATOR:
        _check_somebody_remains(administrators, user)
    user.role, user.site_id, user.changed_at = role, site, now()
    if not role.logs_in:
        user.password_hash = None
    end_sessions(session, user)
    record(session, actor, Action.USER_CHANGED, user.name, former=former, role=str(role), site=site)
    return user


def disable_user(session: Session, actor: Actor, name: str) -> UserAccount:
    """Let a user in no more, with neither password nor token, and end its sessions.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: it is the last administrator.
    """
    administrators = _administrators(session)
    user = user_by_name(session, name)
    _check_somebody_remains(administrators, user)
    user.disabled_at = user.disabled_at or now()
    user.changed_at = now()
    end_sessions(session, user)
    record(session, actor, Action.USER_DISABLED, user.name)
    return user


def _administrators(session: Session) -> Sequence[UUID]:
    """Ids of those who are let in, locked until the transaction ends, so that two cannot take away each other.

    To be asked before any other user is locked: all who lock several users then do it in one order.
    """
    present = select(UserAccount.id).where(UserAccount.role == Role.ADMINISTRATOR, UserAccount.disabled_at.is_(None))
    return session.scalars(present.order_by(UserAccount.id).with_for_update()).all()


def _check_somebody_remains(administrators: Sequence[UUID], user: UserAccount) -> None:
    if list(administrators) == [user.id]:
        raise ConflictError(f"{user.name!r} is the last administrator: make another user one first.")


def enable_user(session: Session, actor: Actor, name: str) -> UserAccount:
    """Let a disabled user in again, with its former password and tokens.

    Raises:
        NotFoundError: there is no such user.
    """
    user = user_by_name(session, name)
    user.disabled_at, user.changed_at = None, now()
    record(session, actor, Action.USER_ENABLED, user.name)
    return user


def reset_password(session: Session, actor: Actor, name: str, password_hash: str) -> UserAccount:
    """Give a user a new password and end its sessions. Tokens go on: they are revoked one by one.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: it has no password.
    """
    user = user_by_name(session, name)
    _set_password(session, user, password_hash)
    record(session, actor, Action.USER_RESET, user.name)
    return user


def change_own_password(session: Session, actor: Actor, name: str, *, known_hash: str, password_hash: str) -> None:
    """Give the user who asks a new password and end all its sessions, the present one too.

    Args:
        session: the transaction.
        actor: the user.
        name: of the user.
        known_hash: of the present password, which was checked against it before this transaction.
        password_hash: of the new one.

    Raises:
        ConflictError: the password was changed meanwhile.
    """
    user = user_by_name(session, name)
    if user.password_hash != known_hash:
        raise ConflictError("The password was changed meanwhile: log in again.")
    _set_password(session, user, password_hash)
    record(session, actor, Action.PASSWORD_CHANGED, user.name)


def _set_password(session: Session, user: UserAccount, password_hash: str) -> None:
    if not Role(user.role).logs_in:
        raise ConflictError(f"{user.name!r} is a {user.role} and has no password; see `smearflow user token add`.")
    user.password_hash, user.changed_at = password_hash, now()
    end_sessions(session, user)


def end_sessions(session: Session, user: UserAccount) -> None:
    """Log a user out of every browser."""
    session.execute(delete(WebSession).where(WebSession.user_id == user.id))


def find_user(session: Session, name: str) -> UserAccount | None:
    """The user of this name, if there is one."""
    return session.scalars(select(UserAccount).where(UserAccount.name == normal_name(name))).one_or_none()


def known_user(session: Session, name: str) -> UserAccount:
    """The user of this name, not locked.

    Raises:
        NotFoundError: there is none.
    """
    user = find_user(session, name)
    if user is None:
        raise _unknown(name)
    return user


def user_by_name(session: Session, name: str) -> UserAccount:
    """The user of this name, locked until the transaction ends.

    Raises:
        NotFoundError: there is none.
    """
    query = select(UserAccount).where(UserAccount.name == normal_name(name)).with_for_update()
    user = session.scalars(query).one_or_none()
    if user is None:
        raise _unknown(name)
    return user


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"There is no user {normal_name(name)!r}; see `smearflow user list`.")


def all_users(session: Session) -> Sequence[UserAccount]:
    """Every user, by name."""
    return session.scalars(select(UserAccount).order_by(UserAccount.name)).all()


def is_anybody_there(session: Session) -> bool:
    """Whether there is a user at all."""
    return bool(session.scalar(select(func.count()).select_from(UserAccount)))
