"""Log-in and log-out of the page, and a user's own password."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cloud_service.accounts.dependencies import check_origin, client_address, cookie_name, requires
from cloud_service.accounts.identity import CredentialKind, Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.accounts.schemas import LogIn, Me, PasswordChange
from cloud_service.errors import ForbiddenError
from cloud_service.web.services import Services, services

router = APIRouter(prefix="/api/v1/session", tags=["session"])

PASSWORDS_AT_ONCE = 2

Caller = Annotated[Identity, requires(Permission.OWN_ACCOUNT)]


def _password_slot() -> Iterator[None]:
    """Holds a place among the few that compare passwords at once, 64 MB each; who waits keeps no thread busy."""
    yield


A_PASSWORD_SLOT = Depends(_password_slot, scope="function", max_concurrency=PASSWORDS_AT_ONCE)


@router.post("", dependencies=[Depends(check_origin), A_PASSWORD_SLOT])
def log_in(request: Request, response: Response, form: LogIn) -> Me:
    """Exchange user name and password for a session cookie."""
    held = services(request)
    who, cookie = held.gate.log_in(form.user, form.password.get_secret_value(), client_address(request))
    hand_out_cookie(response, held, cookie)
    return Me.of(who)


def hand_out_cookie(response: Response, held: Services, cookie: str) -> None:
    """Give the browser the cookie of a fresh session."""
    secure = held.settings.secure_cookies
    response.set_cookie(
        cookie_name(secure=secure),
        cookie,
        max_age=int(held.gate.limits.absolute.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


@router.get("")
def who_am_i(who: Caller) -> Me:
    """Tell a page or a program whose session or token it has, and whether it still holds."""
    return Me.of(who)


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
def log_out(request: Request, response: Response, who: Caller) -> None:
    """End the session and forget its cookie."""
    if who.credential.kind is not CredentialKind.SESSION:
        raise ForbiddenError("A token has no session to end; `smearflow user token revoke` ends a token.")
    held = services(request)
    held.gate.log_out(who)
    _forget_cookie(response, secure=held.settings.secure_cookies)


@router.put("/password", status_code=HTTPStatus.NO_CONTENT, dependencies=[A_PASSWORD_SLOT])
def change_password(request: Request, response: Response, who: Caller, form: PasswordChange) -> None:
    """Take another password; ends all sessions of the user, this one too."""
    held = services(request)
    held.gate.change_password(who, form.present.get_secret_value(), form.new.get_secret_value())
    _forget_cookie(response, secure=held.settings.secure_cookies)


def _forget_cookie(response: Response, *, secure: bool) -> None:
    response.delete_cookie(cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="strict")
