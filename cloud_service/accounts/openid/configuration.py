"""What the settings say of the provider, checked once when the process starts."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from cloud_service.accounts.permissions import Role
from cloud_service.config import Settings
from shared.errors import ConfigurationError

PREFIX = "/api/v1/session/openid"
"""Where a browser begins a log-in through the provider."""
CALLBACK = PREFIX + "/callback"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a group of the provider's gives its members."""

    role: Role
    site: str | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """One provider, and how its users become ours. The fields are explained with the settings."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    ca_file: Path | None
    timeout_seconds: float
    name: str
    scopes: str
    redirect_uri: str
    user_claim: str
    user_domain: str | None
    groups_claim: str | None
    grants: tuple[tuple[str, Grant], ...]

    @property
    def adds_users(self) -> bool:
        """Whether the provider's groups decide who is a user, and not our administrators."""
        return self.groups_claim is not None


def read_configuration(settings: Settings) -> Configuration | None:
    """The provider that the settings name; None where they name none.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    if settings.openid_issuer is None:
        return None
    if not settings.openid_client_id:
        raise ConfigurationError("SMEARFLOW_OPENID_CLIENT_ID is empty: name what the provider calls this client.")
    if settings.openid_public_url is None:
        raise ConfigurationError("SMEARFLOW_OPENID_PUBLIC_URL is empty: say where browsers reach this page.")
    grants = tuple((group, _grant(given)) for group, given in settings.openid_roles.items())
    by_groups = settings.openid_users == "groups"
    if by_groups and not grants:
        raise ConfigurationError('SMEARFLOW_OPENID_ROLES is empty: name groups, {"haematology": "clinician"} say.')
    return Configuration(
        issuer=check_address(settings.openid_issuer, "SMEARFLOW_OPENID_ISSUER"),
        client_id=settings.openid_client_id,
        client_secret=settings.openid_client_secret or None,  # an empty file is mounted where there is none
        ca_file=settings.openid_ca_file,
        timeout_seconds=settings.openid_timeout_seconds,
        name=settings.openid_name,
        scopes=settings.openid_scopes,
        redirect_uri=check_address(settings.openid_public_url, "SMEARFLOW_OPENID_PUBLIC_URL").rstrip("/") + CALLBACK,
        user_claim=settings.openid_user_claim,
        user_domain=settings.openid_user_domain,
        groups_claim=settings.openid_groups_claim if by_groups else None,
        grants=grants,
    )


def check_address(address: str, where: str) -> str:
    """The address itself, if nobody on the way can read or change what goes there (OpenID Connect Core 16.17).

    Raises:
        ConfigurationError: it is neither https nor on this machine.
    """
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname:
        raise ConfigurationError(f"{where} must be an https:// address, not {address!r}.")
    return address


def _grant(given: str) -> Grant:
    """`clinician`, `administrator`, or `technician@SITE`."""
    name, _, site = given.partition("@")
    role = Role(name) if name in set(Role) else None
    if role is None or not role.logs_in or role.is_bound_to_a_site != bool(site):
        raise ConfigurationError(
            f"SMEARFLOW_OPENID_ROLES gives {given!r}: it must be clinician, administrator or technician@SITE."
        )
    return Grant(role, site or None)
