"""Users and their tokens over HTTP, for administrators."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request

from cloud_service.accounts import tokens, users
from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.endpoints import A_PASSWORD_SLOT
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.openid import admission as openid
from cloud_service.accounts.passwords import random_password
from cloud_service.accounts.permissions import Permission, Role
from cloud_service.accounts.user_schemas import (
    NewToken,
    NewUser,
    OpenIdBinding,
    PasswordReset,
    TokenView,
    TokenWithSecret,
    UserChange,
    UserView,
    UserWithPassword,
)
from cloud_service.database import transaction
from cloud_service.errors import ConflictError
from cloud_service.web.services import Reading, Writing, services

router = APIRouter(prefix="/api/v1/users", tags=["users"])

Manager = Annotated[Identity, requires(Permission.MANAGE_USERS)]


@router.get("")
def list_users(_who: Manager, session: Reading) -> list[UserView]:
    """Every user, by name; there are no more of them than people and programs in the house."""
    return [UserView.of(user) for user in users.all_users(session)]


@router.post("", status_code=HTTPStatus.CREATED, dependencies=[A_PASSWORD_SLOT])
def add_user(who: Manager, request: Request, new: NewUser) -> UserWithPassword:
    """Add a user. Without a password of its own, a random one is made and told, this once."""
    held = services(request)
    given = new.password.get_secret_value() if new.password else None
    made = random_password() if given is None and new.role.logs_in else None
    password = given or made
    # Hashed before the transaction begins: it takes long, and SQLite has one writer.
    password_hash = held.gate.hash_new(password, user=new.name) if password else None
    with transaction(held.engine) as session:
        user = users.add_user(
            session, who.actor, name=new.name, role=new.role, site=new.site, password_hash=password_hash
        )
        return UserWithPassword(user=UserView.of(user), password=made)


@router.patch("/{name}")
def change_user(who: Manager, session: Writing, name: str, change: UserChange) -> UserView:
    """Change role, site, or whether the user is let in. Its sessions end; the last administrator stays one."""
    user = users.known_user(session, name)  # locked by what changes it, in the one order
    if change.role is not None or change.site is not None:
        role = change.role or Role(user.role)
        site = change.site or (user.site_id if role.is_bound_to_a_site else None)
        user = users.change_user(session, who.actor, name, role=role, site=site)
    if change.disabled is True:
        user = users.disable_user(session, who.actor, name)
    elif change.disabled is False:
        user = users.enable_user(session, who.actor, name)
    return UserView.of(user)


@router.post("/{name}/password-reset", dependencies=[A_PASSWORD_SLOT])
def reset_password(who: Manager, request: Request, name: str, reset: PasswordReset) -> UserWithPassword:
    """Give a user a new password and end its sessions. Its tokens go on."""
    held = services(request)
    made = random_password() if reset.password is None else None
    password = made or (reset.password.get_secret_value() if reset.password else "")
    password_hash = held.gate.hash_new(password, user=name)
    with transaction(held.engine) as session:
        user = users.reset_password(session, who.actor, name, password_hash)
        return UserWithPassword(user=UserView.of(user), password=made)


@router.put("/{name}/openid")
def bind_user(who: Manager, request: Request, session: Writing, name: str, binding: OpenIdBinding) -> UserView:
    """Say who a user is at the provider, instead of waiting for a first log-in. A former account's sessions end."""
    provider = services(request).provider
    if provider is None:
        raise ConflictError("The settings name no OpenID Connect provider (SMEARFLOW_OPENID_ISSUER) to bind users to.")
    issuer = provider.configuration.issuer
    return UserView.of(openid.bind(session, who.actor, name, issuer=issuer, subject=binding.subject))


@router.delete("/{name}/openid", status_code=HTTPStatus.NO_CONTENT)
def unbind_user(who: Manager, session: Writing, name: str) -> None:
    """Let the provider's next log-in under this name be this user: after a move to another account there."""
    openid.unbind(session, who.actor, name)


@router.get("/{name}/tokens")
def list_tokens(_who: Manager, session: Reading, name: str) -> list[TokenView]:
    """A user's tokens, by name, the ended ones too; their secrets are kept nowhere."""
    users.known_user(session, name)
    return [TokenView.model_validate(token) for _, token in tokens.all_tokens(session, name)]


@router.post("/{name}/tokens", status_code=HTTPStatus.CREATED)
def add_token(who: Manager, session: Writing, name: str, new: NewToken) -> TokenWithSecret:
    """Make a token with the user's rights; its secret is told this once."""
    lifetime = timedelta(days=new.days) if new.days else None
    row, secret = tokens.add_token(session, who.actor, user=name, name=new.name, lifetime=lifetime)
    return TokenWithSecret.of(row, secret)


@router.delete("/{name}/tokens/{token_id}", status_code=HTTPStatus.NO_CONTENT)
def revoke_token(who: Manager, session: Writing, name: str, token_id: UUID) -> None:
    """Let a token open nothing any more, at once."""
    tokens.revoke_token_by_id(session, who.actor, user=name, token_id=token_id)
