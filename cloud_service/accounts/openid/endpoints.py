"""Log-in through an OpenID Connect provider: where a browser begins it, and where it comes back to."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from cloud_service.accounts.dependencies import client_address
from cloud_service.accounts.endpoints import hand_out_cookie
from cloud_service.accounts.limiter import TooManyAttemptsError
from cloud_service.accounts.openid.admission import admit, person_in
from cloud_service.accounts.openid.attempt import MAX_SECONDS, Attempt, cookie_name
from cloud_service.accounts.openid.configuration import CALLBACK, PREFIX
from cloud_service.accounts.openid.errors import NotAdmittedError, ProviderAwayError
from cloud_service.accounts.openid.provider import Provider, error_text
from cloud_service.accounts.openid.refusal import refusal_page
from cloud_service.accounts.schemas import LogInProvider, LogInProviders
from cloud_service.errors import NotFoundError
from cloud_service.web.services import Services, services

router = APIRouter(tags=["session"])

ASKED_AT_ONCE = 4
_PAGE = "/"

Told = Annotated[str | None, Field(max_length=4096)]


class WayBack(BaseModel):
    """With what the provider sends the browser back (OpenID Connect Core 3.1.2.5 and 3.1.2.6, RFC 9207)."""

    state: Told = None
    code: Told = None
    iss: Told = None
    error: Told = None
    error_description: Told = None


def _provider_slot() -> Iterator[None]:
    """Holds a place among the few that wait for the provider at once: a slow one must not take all threads."""
    yield


_A_PROVIDER_SLOT = Depends(_provider_slot, scope="function", max_concurrency=ASKED_AT_ONCE)


def _enabled(request: Request) -> Provider:
    provider = services(request).provider
    if provider is None:
        raise NotFoundError("There is no log-in through a provider here.")
    return provider


Enabled = Annotated[Provider, Depends(_enabled)]


@router.get("/api/v1/session/providers")
def list_log_in_providers(request: Request) -> LogInProviders:
    """Tell the page, before a log-in, through whom else one can log in."""
    provider = services(request).provider
    if provider is None:
        return LogInProviders(providers=[])
    about = provider.configuration
    return LogInProviders(providers=[LogInProvider(name=about.name, address=PREFIX, issuer=about.issuer)])


# Neither of the two stands in the API's description: a browser goes there, as to a page, and programs never do.
@router.get(PREFIX, dependencies=[_A_PROVIDER_SLOT], include_in_schema=False)
def begin(request: Request, provider: Enabled) -> Response:
    """Send the browser to the provider, with a cookie by which it is known when it comes back."""
    held = services(request)
    attempt = Attempt.new()
    try:
        address = provider.authorization_url(attempt)
    except ProviderAwayError as error:
        return refusal_page(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    secure = held.settings.secure_cookies
    # Lax, not Strict as the session's: the way back starts on the provider's page, another site, and a browser sends a
    # Strict cookie along with none of its requests. Lax goes with that GET of a whole page, and with nothing else.
    response.set_cookie(
        cookie_name(secure=secure),
        attempt.secret,
        max_age=MAX_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(CALLBACK, dependencies=[_A_PROVIDER_SLOT], include_in_schema=False)
def come_back(request: Request, provider: Enabled, told: Annotated[WayBack, Query()]) -> Response:
    """Open a session for whom the provider vouches for, and send the browser to the page: nowhere else, ever."""
    held, address = services(request), client_address(request)
    name = cookie_name(secure=held.settings.secure_cookies)
    attempt = Attempt(request.cookies[name]) if name in request.cookies else None
    response: Response
    try:
        held.gate.check_address(address)
        cookie = _log_in(held, provider, attempt, told, address)
        response = RedirectResponse(_PAGE, HTTPStatus.SEE_OTHER)
        hand_out_cookie(response, held, cookie)
    except NotAdmittedError as refusal:
        held.gate.refuse_provider(refusal, address)
        response = refusal_page(str(refusal), refusal.status)
    except TooManyAttemptsError as refusal:
        response = refusal_page(str(refusal), refusal.status)
    except ProviderAwayError as fault:
        response = refusal_page(str(fault), HTTPStatus.SERVICE_UNAVAILABLE)
    if attempt is not None and attempt.is_mine(told.state):
        # Once only. Another state leaves the cookie: a link from elsewhere must not end a log-in that is under way.
        response.delete_cookie(name, path="/", secure=held.settings.secure_cookies, httponly=True, samesite="lax")
    return response


def _log_in(held: Services, provider: Provider, attempt: Attempt | None, told: WayBack, address: str) -> str:
    """The value of a fresh session's cookie. What came is believed only once its state is this browser's."""
    configuration = provider.configuration
    if attempt is None or not attempt.is_mine(told.state):
        raise NotAdmittedError(
            "This log-in was not begun in this browser, or more than ten minutes ago. Begin it again.", "wrong state"
        )
    provider.check_issuer(told.iss)
    if told.error is not None:
        raise NotAdmittedError(
            f"{configuration.name} refused the log-in: {error_text(told.model_dump())}.", "refused by the provider"
        )
    if told.code is None:
        raise NotAdmittedError(f"{configuration.name} sent no code. Begin the log-in again.", "no code")
    person = person_in(provider.redeem(told.code, attempt), configuration)
    _, cookie = held.gate.log_in_by_provider(lambda session: admit(session, person, configuration), address)
    return cookie
