"""Which of our users a person is whom the provider vouches for, and as what."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts.openid.configuration import Configuration, Grant
from cloud_service.accounts.openid.errors import NotAdmittedError
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import (
    UserNameError,
    add_user,
    change_user,
    end_sessions,
    find_user,
    is_name,
    normal_name,
    user_by_name,
)
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError, NotFoundError, RequestError
from cloud_service.models import UserAccount, now

PROVIDER = Actor("(openid provider)")
"""By whose word users are bound, added and changed."""


# ASCII, 255 characters at most (OpenID Connect Core, section 2); spaces, which it allows, are slips of who types one.
_SUBJECT = re.compile(r"[!-~]{1,255}")


class SubjectError(RequestError):
    """What is given as the subject of an account at the provider is none; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for: issuer and subject for ever, the name and groups as of today."""

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]


def person_in(claims: dict[str, Any], configuration: Configuration) -> Person:
    """The person whom checked claims speak of.

    Raises:
        NotAdmittedError: they hold no name that can be used.
    """
    claim = configuration.user_claim
    told = claims.get(claim)
    if not isinstance(told, str) or not told:
        raise NotAdmittedError(
            f"{configuration.name} does not say what your user name is (it names no {claim}): "
            "an administrator must mend the settings there or here.",
            "no user name",
        )
    if claim == "email" and claims.get("email_verified") is not True:
        raise NotAdmittedError(f"{configuration.name} has not verified your e-mail address.", "e-mail not verified")
    groups = claims.get(configuration.groups_claim) if configuration.groups_claim else None
    named = groups if isinstance(groups, list) else [groups]
    return Person(
        issuer=configuration.issuer,
        subject=claims["sub"],
        name=normal_name(_without_domain(told, configuration.user_domain)),
        groups=frozenset(group for group in named if isinstance(group, str)),
    )


def admit(session: Session, person: Person, configuration: Configuration) -> UserAccount:
    """The user who this person is, locked, with the role that holds today.

    Matched by issuer and subject; the first time by name, and bound from then on, so that whoever gets the name at the
    provider later is somebody else here (OpenID Connect Core 5.7).

    Raises:
        NotAdmittedError: there is no such user, it is another person's or disabled, or no group gives a role.
    """
    grant = _grant(person, configuration)
    known = _bound(session, person.issuer, person.subject) or (
        find_user(session, person.name) if is_name(person.name) else None
    )
    if known is None and grant is None:
        raise NotAdmittedError(
            f"Smearflow knows no user {person.name!r}: an administrator must add you first.", "unknown user"
        )
    try:
        if known is None and grant is not None:
            known = add_user(
                session,
                PROVIDER,
                name=person.name,
                role=grant.role,
                site=grant.site,
                password_hash=None,
                by_provider=True,
            )
        elif known is not None and grant is not None:
            change_user(session, PROVIDER, known.name, role=grant.role, site=grant.site)
    except (ConflictError, NotFoundError, UserNameError) as error:
        raise NotAdmittedError(str(error), "role or name not possible", known.name if known else None) from error
    return _checked(session, user_by_name(session, known.name if known else person.name), person)


def bind(session: Session, actor: Actor, name: str, *, issuer: str, subject: str) -> UserAccount:
    """Let this subject of the provider be this user, and whoever was so far no more: the user's sessions end then.

    Raises:
        SubjectError: the subject is none.
        NotFoundError: there is no such user.
        ConflictError: the user is a program's, or the subject is another user.
    """
    if _SUBJECT.fullmatch(subject) is None:
        raise SubjectError(
            f"{subject[:100]!r} is no subject: 1 to 255 ASCII characters without spaces, the claim `sub`."
        )
    user = user_by_name(session, name)
    if not Role(user.role).logs_in:
        raise ConflictError(f"{user.name!r} is a program's user and comes by token: it cannot be bound.")
    other = _bound(session, issuer, subject)
    if other is not None and other.id != user.id:
        raise ConflictError(f"{subject!r} is the user {other.name!r} already: unbind that one first.")
    former = {"issuer": user.openid_issuer, "called": user.openid_subject} if user.openid_subject else None
    bound = {"issuer": issuer, "called": subject}
    if former == bound:
        return user
    user.openid_issuer, user.openid_subject, user.changed_at = issuer, subject, now()
    if former is not None:
        end_sessions(session, user)
    session.flush()
    record(session, actor, Action.USER_BOUND, user.name, former=former, **bound)
    return user


def unbind(session: Session, actor: Actor, name: str) -> UserAccount:
    """Let a user be bound anew at the next log-in through the provider. Its sessions go on.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: it is not bound.
    """
    user = user_by_name(session, name)
    if user.openid_subject is None:
        raise ConflictError(f"{user.name!r} is bound to no account at an OpenID Connect provider.")
    bound = {"issuer": user.openid_issuer, "called": user.openid_subject}
    user.openid_issuer = user.openid_subject = None
    user.changed_at = now()
    record(session, actor, Action.USER_UNBOUND, user.name, **bound)
    return user


def _grant(person: Person, configuration: Configuration) -> Grant | None:
    """What the first of the settings' groups gives that the person is in; None where groups do not count."""
    if not configuration.adds_users:
        return None
    for group, grant in configuration.grants:
        if group in person.groups:
            return grant
    raise NotAdmittedError(
        f"None of your groups at {configuration.name} may use Smearflow: ask its administrator.", "no group"
    )


def _bound(session: Session, issuer: str, subject: str) -> UserAccount | None:
    query = select(UserAccount).where(UserAccount.openid_issuer == issuer, UserAccount.openid_subject == subject)
    return session.scalars(query).one_or_none()


def _checked(session: Session, user: UserAccount, person: Person) -> UserAccount:
    """The locked user, bound to the person, if it may be and is let in."""
    if user.disabled_at is not None:
        raise NotAdmittedError(f"The user {user.name!r} is disabled: ask an administrator.", "disabled", user.name)
    if not Role(user.role).logs_in:
        raise NotAdmittedError(f"{user.name!r} is a program's user and comes by token.", "program", user.name)
    if user.openid_subject is None:
        user.openid_issuer, user.openid_subject = person.issuer, person.subject
        user.changed_at = now()
        record(session, PROVIDER, Action.USER_BOUND, user.name, issuer=person.issuer, called=person.subject)
    if (user.openid_issuer, user.openid_subject) != (person.issuer, person.subject):
        raise NotAdmittedError(
            f"The user {user.name!r} belongs to somebody else at the provider. If it is you under a new account there, "
            "an administrator can unbind the former one.",
            "bound to another",
            user.name,
        )
    return user


def _without_domain(name: str, domain: str | None) -> str:
    if domain is None:
        return name
    local, _, told = name.rpartition("@")
    if not local or told.lower() != domain.lower():
        raise NotAdmittedError(f"{name[:100]!r} does not belong to {domain}.", "another domain")
    return local
