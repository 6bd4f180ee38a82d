"""What the API takes and tells of users and their tokens."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.schemas import Password
from cloud_service.models import AccessToken, UserAccount
from cloud_service.web.schemas import ApiModel, ApiRequest
from shared.identifiers import SlugId

UserName = Annotated[str, Field(min_length=1, max_length=64, examples=["h.meier"])]
TokenName = Annotated[str, Field(min_length=1, max_length=64, examples=["reports"])]
ASiteId = Annotated[SlugId, Field(examples=["north"])]

_LONGEST_LIFE_DAYS = 3650


class UserView(ApiModel):
    """A user, as administrators see it."""

    name: UserName
    role: Role
    site: ASiteId | None
    """All that this user sees belongs to this site; null: to any."""
    created_at: AwareDatetime
    changed_at: AwareDatetime
    disabled_at: AwareDatetime | None
    """Since when the user is let in no more."""
    last_log_in_at: AwareDatetime | None
    has_password: bool
    openid_issuer: Annotated[str, Field(examples=["https://login.hospital.example"])] | None
    """The OpenID Connect provider at which this user has an account: bound at a first log-in or by people."""
    openid_subject: str | None
    """What it calls this user."""

    @classmethod
    def of(cls, user: UserAccount) -> Self:
        """What is told of a row."""
        return cls(
            name=user.name,
            role=Role(user.role),
            site=user.site_id,
            created_at=user.created_at,
            changed_at=user.changed_at,
            disabled_at=user.disabled_at,
            last_log_in_at=user.last_log_in_at,
            has_password=user.password_hash is not None,
            openid_issuer=user.openid_issuer,
            openid_subject=user.openid_subject,
        )


class NewUser(ApiRequest):
    """A user to be added."""

    name: UserName
    role: Role
    site: ASiteId | None = None
    """Technicians have one, nobody else has."""
    password: Password | None = None
    """Its first one; a random one is made where none is given."""


class UserChange(ApiRequest):
    """What is to be different of a user; what is not named stays."""

    role: Role | None = None
    site: ASiteId | None = None
    """A technician's site. Where another role is named, a former site goes."""
    disabled: bool | None = None


class OpenIdBinding(ApiRequest):
    """Who a user is at the OpenID Connect provider that the settings name."""

    subject: Annotated[str, Field(min_length=1, max_length=255, examples=["248289761001"])]
    """What the provider calls its account: the claim `sub`."""


class PasswordReset(ApiRequest):
    """Another password for a user."""

    password: Password | None = None
    """A random one is made where none is given."""


class UserWithPassword(ApiModel):
    """A user, and the password that was made for it."""

    user: UserView
    password: Annotated[str, Field(examples=["q7Wk2mB8xTzR4vNcYp3d"])] | None
    """Shown this once; null where it was given, or where the user comes by token."""


class TokenView(ApiModel):
    """A program's token, but for its secret."""

    id: UUID
    name: TokenName
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class NewToken(ApiRequest):
    """A token to be made."""

    name: TokenName
    """What program it is for."""
    days: Annotated[int, Field(ge=1, le=_LONGEST_LIFE_DAYS, examples=[365])] | None = None
    """Until it expires; never where not given."""


class TokenWithSecret(ApiModel):
    """A token that was just made."""

    token: TokenView
    secret: Annotated[str, Field(examples=["smf_Zl0qkT5cUuY3yJm6b1Qz8vXoR2nD4wEeGhKpLsNaCtI"])]
    """Shown this once: sent as `Authorization: Bearer smf_…`."""

    @classmethod
    def of(cls, token: AccessToken, secret: str) -> Self:
        """What is told of a row and its secret."""
        return cls(token=TokenView.model_validate(token), secret=secret)
