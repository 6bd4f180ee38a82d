"""Who may use the API: one operator access key, exchanged by browsers for a signed cookie that expires."""

import hashlib
import hmac
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from http import HTTPStatus

from itsdangerous import BadSignature, TimestampSigner
from pydantic import SecretStr

from cloud_service.config import Settings
from cloud_service.errors import RequestError, UnauthorisedError
from shared.errors import ConfigurationError

SESSION_SECONDS = 12 * 60 * 60
MIN_ACCESS_KEY = 16
MIN_SESSION_SECRET = 32

_SESSION = "operator"


class TooManyAttemptsError(RequestError):
    """Too many wrong access keys came from one address."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class FailureLimiter:
    """Counts wrong keys by address over a sliding window; in this process's memory, bounded.

    Args:
        allowed: wrong keys within the window before an address has to wait.
        window_seconds: length of the window.
        clock: seconds that only rise.
    """

    MAX_ADDRESSES = 4096

    def __init__(
        self, *, allowed: int = 10, window_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed = allowed
        self._window = window_seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Let an address try, or not.

        Raises:
            TooManyAttemptsError: the address has to wait.
        """
        failures = self._failures.get(address)
        while failures and failures[0] <= self._clock() - self._window:
            failures.popleft()
        if failures and len(failures) >= self._allowed:
            raise TooManyAttemptsError(
                f"Too many wrong access keys came from {address}: wait {self._window:.0f} seconds, then try again."
            )

    def count(self, address: str) -> None:
        """Note a wrong key; the address that was quiet longest is forgotten when there are too many."""
        self._failures.setdefault(address, deque(maxlen=self._allowed)).append(self._clock())
        self._failures.move_to_end(address)
        if len(self._failures) > self.MAX_ADDRESSES:
            self._failures.popitem(last=False)


class AccessGate:
    """Checks access keys and session cookies.

    Raises:
        ConfigurationError: key or secret is missing or too short to be safe.
    """

    def __init__(self, settings: Settings, limiter: FailureLimiter | None = None) -> None:
        key = _secret("SMEARFLOW_ACCESS_KEY", settings.access_key, MIN_ACCESS_KEY)
        secret = _secret("SMEARFLOW_SESSION_SECRET", settings.session_secret, MIN_SESSION_SECRET)
        self._key_digest = hashlib.sha256(key).digest()
        # The key's digest is the salt, so that a changed key ends every session.
        self._signer = TimestampSigner(secret, salt=self._key_digest, digest_method=hashlib.sha256)
        self._limiter = limiter or FailureLimiter()

    def check_key(self, key: str, *, address: str) -> None:
        """Compare an access key in constant time.

        Raises:
            TooManyAttemptsError: the address gave too many wrong keys.
            UnauthorisedError: the key is wrong.
        """
        self._limiter.check(address)
        if not hmac.compare_digest(hashlib.sha256(key.encode()).digest(), self._key_digest):
            self._limiter.count(address)
            raise UnauthorisedError("The access key is wrong.")

    def new_session(self) -> str:
        """The value of a fresh session cookie."""
        return self._signer.sign(_SESSION).decode()

    def check_session(self, cookie: str) -> None:
        """Check a session cookie.

        Raises:
            UnauthorisedError: it is forged, or older than SESSION_SECONDS.
        """
        try:
            self._signer.unsign(cookie, max_age=SESSION_SECONDS)
        except BadSignature as error:
            raise UnauthorisedError("The session has ended: log in again.") from error


def _secret(name: str, value: SecretStr | None, shortest: int) -> bytes:
    text = value.get_secret_value() if value else ""
    if len(text) < shortest:
        raise ConfigurationError(
            f"{name} must hold a random text of at least {shortest} characters; it has {len(text)}. "
            "Make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`."
        )
    return text.encode()
