"""Talks to the provider: its discovery document and keys, and the exchange of a code for what it says of a person."""

import ssl
import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote_plus

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ValidationError

from cloud_service.accounts.openid.attempt import Attempt
from cloud_service.accounts.openid.configuration import Configuration, check_address
from cloud_service.accounts.openid.errors import NotAdmittedError, ProviderAwayError
from cloud_service.accounts.openid.id_token import UnknownKeyError, check_id_token
from shared.errors import ConfigurationError
from shared.logs import get_logger

DISCOVERY = "/.well-known/openid-configuration"
KEPT_SECONDS = 3600
"""How long the discovery document and the keys are believed: a key that the provider gave up ends then."""
_LONGEST_TOLD = 200

log = get_logger(__name__)

_Shape = TypeVar("_Shape", bound=BaseModel)


class Discovery(BaseModel):
    """What is used of the provider's metadata (OpenID Connect Discovery 1.0 section 3, RFC 9207 section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class TokenAnswer(BaseModel):
    """What is used of the token endpoint's answer (OpenID Connect Core 3.1.3.3)."""

    access_token: str
    id_token: str


class Provider:
    """The provider as this process knows it. Asked for nothing until somebody wants to log in through it.

    Args:
        configuration: from the settings.
        clock: seconds that only rise.
    """

    def __init__(self, configuration: Configuration, clock: Callable[[], float] = time.monotonic) -> None:
        self.configuration = configuration
        ca_file = configuration.ca_file
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._http = httpx.Client(
            timeout=configuration.timeout_seconds, verify=verify, headers={"Accept": "application/json"}
        )
        self._clock = clock
        self._lock = Lock()  # many who come at once ask the provider once
        self._discovery: tuple[float, Discovery] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def authorization_url(self, attempt: Attempt) -> str:
        """Where to send the browser (OpenID Connect Core 3.1.2.1, RFC 7636 4.3).

        Raises:
            ProviderAwayError: the provider does not say where that is.
        """
        asked = {
            "response_type": "code",
            "client_id": self.configuration.client_id,
            "redirect_uri": self.configuration.redirect_uri,
            "scope": self.configuration.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(self.discovery().authorization_endpoint).copy_merge_params(asked))

    def check_issuer(self, told: str | None) -> None:
        """See that the way back comes from this provider, where it says from whom (RFC 9207 2.4).

        Raises:
            NotAdmittedError: it comes from another.
            ProviderAwayError: the provider's metadata cannot be had.
        """
        is_promised = self.discovery().authorization_response_iss_parameter_supported
        if (told is None and is_promised) or (told is not None and told != self.configuration.issuer):
            raise NotAdmittedError("The answer comes from another provider than was asked.", "wrong issuer")

    def redeem(self, code: str, attempt: Attempt) -> dict[str, Any]:
        """Exchange a code for the claims about a person, checked.

        Raises:
            NotAdmittedError: the code is refused, or what comes for it cannot be trusted.
            ProviderAwayError: the provider does not answer, or not as OpenID Connect says.
        """
        tokens = self._ask_for_tokens(code, attempt)
        try:
            claims = self._checked(tokens.id_token, attempt, self.keys())
        except UnknownKeyError:
            # The provider has a new key: the one reason to ask before the hour is over (OpenID Connect Core 10.1.1).
            claims = self._checked(tokens.id_token, attempt, self.keys(fresh=True))
        if self._lacks_something(claims):
            claims = self._userinfo(tokens.access_token, claims["sub"]) | claims
        return claims

    def discovery(self) -> Discovery:
        """The provider's metadata.

        Raises:
            ProviderAwayError: it does not answer, or with something else.
        """
        with self._lock:
            if self._discovery is None or self._clock() - self._discovery[0] > KEPT_SECONDS:
                found = self._read(self.configuration.issuer.rstrip("/") + DISCOVERY, Discovery)
                self._check(found)
                self._discovery = self._clock(), found
            return self._discovery[1]

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The keys with which the provider signs; those at hand unless `fresh` or old.

        Raises:
            ProviderAwayError: it does not answer, or with something else.
        """
        address = self.discovery().jwks_uri
        with self._lock:
            if fresh or self._keys is None or self._clock() - self._keys[0] > KEPT_SECONDS:
                try:
                    found = KeySet.import_key_set(self._get(address).json())
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise self._away(f"its keys cannot be read: {error}") from error
                self._keys = self._clock(), found
            return self._keys[1]

    def _checked(self, id_token: str, attempt: Attempt, keys: KeySet) -> dict[str, Any]:
        configuration = self.configuration
        return check_id_token(
            id_token, keys, issuer=configuration.issuer, client_id=configuration.client_id, nonce=attempt.nonce
        )

    def _ask_for_tokens(self, code: str, attempt: Attempt) -> TokenAnswer:
        """OpenID Connect Core 3.1.3.1, with the client's secret as RFC 6749 2.3.1 wants it."""
        discovery, configuration = self.discovery(), self.configuration
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": configuration.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth = None
        secret = configuration.client_secret.get_secret_value() if configuration.client_secret else None
        if secret and "client_secret_basic" in discovery.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote_plus(configuration.client_id), quote_plus(secret))
        else:
            form |= {"client_id": configuration.client_id} | ({"client_secret": secret} if secret else {})
        response = self._send(httpx.Request("POST", discovery.token_endpoint, data=form), auth)
        if response.is_client_error:
            raise NotAdmittedError(
                f"{configuration.name} did not accept the log-in: {_refusal(response)}. Try it again.", "code refused"
            )
        return self._parsed(response, TokenAnswer)

    def _lacks_something(self, claims: dict[str, Any]) -> bool:
        """Providers may tell of a person in the ID token, or only when asked further (OpenID Connect Core 5.4)."""
        wanted = {self.configuration.user_claim, self.configuration.groups_claim} - {None}
        return self.discovery().userinfo_endpoint is not None and not wanted <= claims.keys()

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        address = self.discovery().userinfo_endpoint or ""
        response = self._send(httpx.Request("GET", address, headers={"Authorization": f"Bearer {access_token}"}))
        try:
            told = response.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise self._away(f"it does not say who logged in: {error}") from error
        if not isinstance(told, dict) or told.get("sub") != subject:  # section 5.3.2
            raise NotAdmittedError("The provider spoke of two different people.", "wrong subject")
        return told

    def _read(self, address: str, shape: type[_Shape]) -> _Shape:
        return self._parsed(self._get(address), shape)

    def _parsed(self, response: httpx.Response, shape: type[_Shape]) -> _Shape:
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            # Not the error itself: it holds what came, tokens among it.
            fields = ", ".join(str(fault["loc"]) for fault in error.errors())
            raise self._away(f"its answer from {response.request.url.path} is not as expected: {fields}") from None

    def _get(self, address: str) -> httpx.Response:
        response = self._send(httpx.Request("GET", address))
        if not response.is_success:
            raise self._away(f"{address} answers {response.status_code}")
        return response

    def _send(self, request: httpx.Request, auth: httpx.Auth | None = None) -> httpx.Response:
        try:
            response = self._http.send(request, auth=auth)
        except httpx.HTTPError as error:
            raise self._away(f"{request.url.host} cannot be reached: {error}") from error
        if response.is_server_error or response.is_redirect:
            raise self._away(f"{request.url.host}{request.url.path} answers {response.status_code}")
        return response

    def _check(self, found: Discovery) -> None:
        if found.issuer != self.configuration.issuer:  # OpenID Connect Discovery 4.3
            raise self._away(f"it calls itself {found.issuer!r}, the settings say {self.configuration.issuer!r}")
        used = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
        for address in filter(None, used):
            try:
                check_address(address, "each of its addresses")
            except ConfigurationError as error:
                raise self._away(str(error)) from error

    def _away(self, why: str) -> ProviderAwayError:
        """The error for the person; the reason is the operator's, who finds it in the log."""
        log.warning("the OpenID provider is of no use", issuer=self.configuration.issuer, reason=why)
        return ProviderAwayError(
            f"{self.configuration.name} cannot be reached or does not answer as it should. Log in with your password, "
            "or try again in a moment. The log of Smearflow's API holds the reason."
        )


def _refusal(response: httpx.Response) -> str:
    """What the provider says of its refusal (RFC 6749 5.2), in few words; to be escaped where it is shown."""
    try:
        told = response.json()
    except ValueError:
        return f"status {response.status_code}"
    return error_text(told) if isinstance(told, dict) else f"status {response.status_code}"


def error_text(told: dict[str, Any]) -> str:
    """Error and description as a provider gives them, cut short."""
    parts = [str(told[part]) for part in ("error", "error_description") if told.get(part)]
    return ": ".join(parts)[:_LONGEST_TOLD] or "no reason given"
