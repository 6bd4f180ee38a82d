"""What stands before every route but liveness, log-in and static files: who asks, and whether it may."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request

from cloud_service.accounts.identity import Credential, CredentialKind, Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.errors import ForbiddenError, UnauthorisedError
from cloud_service.web.services import services

PAGE_HEADER = "x-smearflow-page"
"""A page of another site cannot send this header without a CORS permission, which is never given."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(*, secure: bool) -> str:
    """Name of the session cookie; with HTTPS the __Host- prefix (RFC 6265bis 4.1.3.2) binds it to this very host."""
    return "__Host-smearflow-session" if secure else "smearflow-session"


def client_address(request: Request) -> str:
    """The address that asks, as the server knows it."""
    return request.client.host if request.client else "unknown"


def check_origin(request: Request) -> None:
    """Refuse what a page of another site had the browser send.

    Browsers say by themselves where a request comes from: `Sec-Fetch-Site` (W3C Fetch Metadata), or older ones and
    those that do not trust the line `Origin` (RFC 6454). Programs say neither.

    Raises:
        ForbiddenError: it comes from elsewhere.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetch_site is not None:
        is_own = fetch_site == "same-origin"
    else:
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_own:
        raise ForbiddenError("This request comes from the page of another site.")


def who_asks(
    request: Request, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Identity:
    """The user behind a bearer token (RFC 6750 section 2.1) or a session cookie.

    Raises:
        UnauthorisedError: neither is there, or it opens nothing.
        ForbiddenError: a change by cookie that another site's page may have asked for.
    """
    held = services(request)
    if authorization is not None:
        return held.gate.identify(Credential.of(CredentialKind.TOKEN, _token_in(authorization)))
    cookie = request.cookies.get(cookie_name(secure=held.settings.secure_cookies))
    if cookie is None:
        raise UnauthorisedError("Log in, or send a token as `Authorization: Bearer smf_…`.")
    found = held.gate.identify(Credential.of(CredentialKind.SESSION, cookie))
    if request.method not in _SAFE_METHODS:
        check_origin(request)
        if PAGE_HEADER not in request.headers:
            raise ForbiddenError(f"A change by session cookie needs the header {PAGE_HEADER}: 1.")
    return found


def _token_in(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorisedError("The header must read `Authorization: Bearer smf_…`.")
    return token.strip()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency that lets only those pass whose role has the permission, and hands the user on."""

    permission: Permission

    def __call__(self, who: Annotated[Identity, Depends(who_asks)]) -> Identity:
        """See the class.

        Raises:
            ForbiddenError: the role does not have it.
        """
        who.demand(self.permission)
        return who


def requires(permission: Permission) -> Any:
    """What a route depends on that needs this permission; its value is the `Identity` of who asks."""
    return Depends(Requirement(permission))
