from pathlib import Path

import pytest
from itsdangerous import TimestampSigner
from pydantic import SecretStr

from cloud_service.accounts.service import SESSION_SECONDS, AccessGate, FailureLimiter, TooManyAttemptsError
from cloud_service.config import Settings
from cloud_service.errors import UnauthorisedError
from shared.errors import ConfigurationError
from tests.support.web import ACCESS_KEY, web_settings


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return web_settings(tmp_path, "sqlite://")


def test_the_right_key_passes_and_a_wrong_one_does_not(settings: Settings) -> None:
    gate = AccessGate(settings)

    gate.check_key(ACCESS_KEY, address="a")

    for wrong in ("", ACCESS_KEY[:-1], ACCESS_KEY + "x", "ключ"):
        with pytest.raises(UnauthorisedError):
            gate.check_key(wrong, address="a")


@pytest.mark.parametrize("field", ["access_key", "session_secret"])
@pytest.mark.parametrize("value", [None, SecretStr(""), SecretStr("short")])
def test_a_missing_or_short_secret_keeps_the_process_from_starting(
    settings: Settings, field: str, value: SecretStr | None
) -> None:
    with pytest.raises(ConfigurationError, match=f"SMEARFLOW_{field.upper()}"):
        AccessGate(settings.model_copy(update={field: value}))


def test_wrong_keys_make_only_their_own_address_wait(settings: Settings) -> None:
    clock = Clock()
    gate = AccessGate(settings, FailureLimiter(allowed=3, window_seconds=60, clock=clock))
    for _ in range(3):
        with pytest.raises(UnauthorisedError):
            gate.check_key("wrong", address="a")

    with pytest.raises(TooManyAttemptsError):
        gate.check_key(ACCESS_KEY, address="a")
    gate.check_key(ACCESS_KEY, address="b")

    clock.now += 60
    gate.check_key(ACCESS_KEY, address="a")


def test_the_limiter_forgets_the_quietest_address_and_keeps_its_memory_bounded() -> None:
    limiter = FailureLimiter(allowed=1)
    for number in range(FailureLimiter.MAX_ADDRESSES + 1):
        limiter.count(f"address-{number}")

    limiter.check("address-0")
    with pytest.raises(TooManyAttemptsError):
        limiter.check(f"address-{FailureLimiter.MAX_ADDRESSES}")
    assert len(limiter._failures) == FailureLimiter.MAX_ADDRESSES


def test_a_session_holds_for_twelve_hours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, began = AccessGate(settings), 1_800_000_000
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: began)
    cookie = gate.new_session()

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: began + SESSION_SECONDS)
    gate.check_session(cookie)

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: began + SESSION_SECONDS + 1)
    with pytest.raises(UnauthorisedError):
        gate.check_session(cookie)


def test_forged_cookies_and_those_of_a_former_key_or_secret_are_refused(settings: Settings) -> None:
    cookie = AccessGate(settings).new_session()
    others = (
        settings.model_copy(update={"access_key": SecretStr("another access key")}),
        settings.model_copy(update={"session_secret": SecretStr("another session secret, long enough")}),
    )

    for other in others:
        with pytest.raises(UnauthorisedError):
            AccessGate(other).check_session(cookie)
    for forged in ("", "operator", cookie[:-1], "x" + cookie, cookie.replace("operator", "director")):
        with pytest.raises(UnauthorisedError):
            AccessGate(settings).check_session(forged)
