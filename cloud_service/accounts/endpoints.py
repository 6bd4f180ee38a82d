"""Log-in and log-out of the page."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from cloud_service.accounts.dependencies import Access, client_address, cookie_name
from cloud_service.accounts.service import SESSION_SECONDS
from cloud_service.web.services import services

router = APIRouter(prefix="/api/session", tags=["session"])


class LogIn(BaseModel):
    """What the log-in form sends."""

    access_key: Annotated[SecretStr, Field(max_length=1000)]


@router.post("", status_code=HTTPStatus.NO_CONTENT)
def log_in(request: Request, response: Response, form: LogIn) -> None:
    """Exchange the access key for a session cookie of 12 hours."""
    held = services(request)
    held.gate.check_key(form.access_key.get_secret_value(), address=client_address(request))
    secure = held.settings.secure_cookies
    response.set_cookie(
        cookie_name(secure=secure),
        held.gate.new_session(),
        max_age=SESSION_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


@router.get("", status_code=HTTPStatus.NO_CONTENT, dependencies=[Access])
def check_session() -> None:
    """Tell a page whether its session still holds."""


@router.delete("", status_code=HTTPStatus.NO_CONTENT, dependencies=[Access])
def log_out(request: Request, response: Response) -> None:
    """Forget the session cookie."""
    secure = services(request).settings.secure_cookies
    response.delete_cookie(cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="strict")
