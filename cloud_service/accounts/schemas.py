"""What the API takes and tells of who asks."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cloud_service.accounts.identity import Identity
from cloud_service.accounts.passwords import LONGEST
from cloud_service.accounts.permissions import Permission, Role

Password = Annotated[SecretStr, Field(max_length=LONGEST)]


class LogIn(BaseModel):
    """What the log-in form sends."""

    user: Annotated[str, Field(max_length=100)]
    password: Password


class PasswordChange(BaseModel):
    """What a user sends who wants another password."""

    present: Password
    new: Password


class Me(BaseModel):
    """Who is asking, and what that user may do."""

    model_config = ConfigDict(frozen=True)

    user: str
    role: Role
    site: str | None
    """All that is shown belongs to this site; null: to any."""
    permissions: list[Permission]

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """What is told of a user."""
        return cls(user=identity.user, role=identity.role, site=identity.site, permissions=sorted(identity.permissions))


class LogInProvider(BaseModel):
    """Through whom else one can log in."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    """For the button."""
    address: str
    """Where the browser goes."""


class LogInProviders(BaseModel):
    """Through whom one can log in, beside user name and password."""

    model_config = ConfigDict(frozen=True)

    providers: list[LogInProvider]
