"""One log-in through the provider, from the click to the way back: what ties both to the same browser."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Self

MAX_SECONDS = 600
"""How long a person may take at the provider."""
_SECRET_BYTES = 32


def cookie_name(*, secure: bool) -> str:
    """Name of the cookie that holds the attempt's secret; with HTTPS bound to this very host, as the session's is."""
    return "__Host-smearflow-openid" if secure else "smearflow-openid"


@dataclass(frozen=True, slots=True)
class Attempt:
    """State, nonce and code verifier, all drawn from one secret that this browser alone has, in a cookie.

    So nothing is kept here for somebody who has not logged in. Each is an HMAC of the secret, which tells nothing of
    the secret or of the others: state and nonce travel through addresses, the verifier never does.
    """

    secret: str

    @classmethod
    def new(cls) -> Self:
        """A fresh attempt."""
        return cls(secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def state(self) -> str:
        """Comes back with the browser: shows that the way back belongs to this browser's log-in (RFC 9700 4.7)."""
        return self._drawn("state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token: shows that it was made for this log-in (OpenID Connect Core 3.1.2.1)."""
        return self._drawn("nonce")

    @property
    def verifier(self) -> str:
        """Shows to the provider that who redeems the code is who asked for it (RFC 7636 4.1)."""
        return self._drawn("verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier beforehand: method S256 (RFC 7636 4.2)."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def is_mine(self, state: str | None) -> bool:
        """Whether the state that came back is this attempt's."""
        return state is not None and hmac.compare_digest(state.encode(), self.state.encode())

    def _drawn(self, purpose: str) -> str:
        return _base64url(hmac.digest(self.secret.encode(), purpose.encode(), "sha256"))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
