"""The check that stands before every route but liveness, log-in and static files."""

from typing import Annotated

from fastapi import Depends, Header, Request

from cloud_service.accounts.service import AccessGate
from cloud_service.errors import UnauthorisedError
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


def require_access(request: Request, authorization: Annotated[str | None, Header()] = None) -> None:
    """Let a request pass that brings the access key as a bearer token (RFC 6750 section 2.1) or a session cookie.

    Raises:
        UnauthorisedError: neither is there, or it is wrong, or a change by cookie lacks the page's header.
        TooManyAttemptsError: the address gave too many wrong keys.
    """
    held = services(request)
    if authorization is not None:
        _check_bearer(held.gate, authorization, client_address(request))
        return
    cookie = request.cookies.get(cookie_name(secure=held.settings.secure_cookies))
    if cookie is None:
        raise UnauthorisedError("Log in with the access key, or send it as `Authorization: Bearer <key>`.")
    held.gate.check_session(cookie)
    if request.method not in _SAFE_METHODS and PAGE_HEADER not in request.headers:
        raise UnauthorisedError(f"A change by session cookie needs the header {PAGE_HEADER}: 1.")


def _check_bearer(gate: AccessGate, authorization: str, address: str) -> None:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise UnauthorisedError("The header must read `Authorization: Bearer <access key>`.")
    gate.check_key(key.strip(), address=address)


Access = Depends(require_access)
