"""What the API takes and tells of who asks."""

from typing import Annotated, Self

from pydantic import Field, SecretStr

from cloud_service.accounts.identity import Identity
from cloud_service.accounts.passwords import LONGEST
from cloud_service.accounts.permissions import Permission, Role
from cloud_service.web.schemas import ApiModel, ApiRequest

Password = Annotated[SecretStr, Field(max_length=LONGEST)]


class LogIn(ApiRequest):
    """What the log-in form sends."""

    user: Annotated[str, Field(max_length=100, examples=["h.meier"])]
    password: Password


class PasswordChange(ApiRequest):
    """What a user sends who wants another password."""

    present: Password
    new: Password


class Me(ApiModel):
    """Who is asking, and what that user may do."""

    user: str
    role: Role
    site: str | None
    """All that is shown belongs to this site; null: to any."""
    permissions: list[Permission]

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """What is told of a user."""
        return cls(user=identity.user, role=identity.role, site=identity.site, permissions=sorted(identity.permissions))
