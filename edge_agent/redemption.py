"""Exchanges an enrolment code for this device's credentials, over HTTPS."""

import ipaddress
import json
import ssl
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from edge_agent.enrolment import Credentials
from shared.errors import ConfigurationError, TransientError

_PATH = "/api/v1/enrolments"
_TIMEOUT_SECONDS = 30.0


def redeem(url: str, code: str, authority: Path | None = None) -> Credentials:
    """Exchange a code; it is good for one exchange.

    Args:
        url: of the page, https://smearflow.hospital.example say; plain http on this very machine alone, as the answer
            holds a password.
        code: as an administrator was told it.
        authority: a certificate authority (PEM) that is to be believed besides the system's.

    Raises:
        ConfigurationError: the URL will not do, or the cloud does not take the code; the text says why.
        TransientError: the cloud does not answer; the code is still good, unless the answer was lost on its way.
    """
    _check(url)
    request = Request(  # noqa: S310 - https, or http on loopback: checked above
        url.rstrip("/") + _PATH,
        data=json.dumps({"code": code}).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    trust = ssl.create_default_context()
    if authority is not None:
        trust.load_verify_locations(authority)
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS, context=trust) as answer:  # noqa: S310 - as above
            return Credentials.read(answer.read().decode())
    except HTTPError as error:
        raise ConfigurationError(f"{url} does not take the code: {_detail(error)}") from error
    except (URLError, OSError) as error:
        raise TransientError(f"{url} does not answer ({error}): check the address and the line, try again.") from error


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_here(parts.hostname):
        return
    raise ConfigurationError(f"{url!r} will not do: the password in the answer must travel by https://.")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _detail(error: HTTPError) -> str:
    """What the problem document says (RFC 9457), or what HTTP does."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
