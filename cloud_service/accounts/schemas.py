"""What the API takes and tells of who asks."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr

from cloud_service.accounts.identity import Identity
from cloud_service.accounts.passwords import LONGEST
from cloud_service.accounts.permissions import Permission, Role
from cloud_service.web.schemas import ApiModel, ApiRequest


def _is_text(password: SecretStr) -> SecretStr:
    """Refuse half of a surrogate pair: JSON holds it, no hash takes it, and pydantic looks into plain strings alone."""
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("is no text that UTF-8 can hold") from None  # the error would quote the password
    return password


Password = Annotated[SecretStr, Field(max_length=LONGEST), AfterValidator(_is_text)]


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


class LogInProvider(ApiModel):
    """Through whom else one can log in."""

    name: str
    """For the button."""
    address: str
    """Where the browser goes."""
    issuer: Annotated[str, Field(examples=["https://login.hospital.example"])]
    """What the provider calls itself; users are bound to it."""


class LogInProviders(ApiModel):
    """Through whom one can log in, beside user name and password."""

    providers: list[LogInProvider]
