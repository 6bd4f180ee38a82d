from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from cloud_service.accounts import gate as gate_module
from cloud_service.accounts import identity as identity_module
from cloud_service.accounts.gate import Gate
from cloud_service.accounts.identity import Credential, CredentialKind
from cloud_service.accounts.limiter import FailureLimiter, TooManyAttemptsError
from cloud_service.accounts.permissions import Permission, Role
from cloud_service.accounts.tokens import add_token
from cloud_service.accounts.users import disable_user, enable_user
from cloud_service.audit.trail import Actor
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from cloud_service.errors import ForbiddenError, UnauthorisedError
from cloud_service.models import AccessToken, Base, FailedTry, UserAccount, WebSession, now
from tests.support.accounts import PASSWORD, TESTER, a_user, cheap_passwords

ADDRESS = "192.0.2.1"


class Clock:
    def __init__(self) -> None:
        self.now = now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        a_user(session, Role.CLINICIAN)
    yield engine
    engine.dispose()


@pytest.fixture
def gate(engine: Engine) -> Gate:
    return Gate(Settings(), engine, cheap_passwords())


def session_cookie(gate: Gate) -> Credential:
    _, cookie = gate.log_in("clinician", PASSWORD, ADDRESS)
    return Credential.of(CredentialKind.SESSION, cookie)


def age(engine: Engine, **times: timedelta) -> None:
    with transaction(engine) as session:
        session.execute(update(WebSession).values({name: now() - back for name, back in times.items()}))


def test_a_session_ends_an_hour_after_its_last_use_and_twelve_after_the_log_in(gate: Gate, engine: Engine) -> None:
    cookie = session_cookie(gate)
    almost, over = timedelta(minutes=59), timedelta(minutes=60)

    age(engine, last_seen_at=almost, created_at=timedelta(hours=11))
    assert gate.identify(cookie).user == "clinician"
    age(engine, last_seen_at=over)
    with pytest.raises(UnauthorisedError):
        gate.identify(cookie)
    age(engine, last_seen_at=almost, created_at=timedelta(hours=12))
    with pytest.raises(UnauthorisedError):
        gate.identify(cookie)


def test_use_keeps_a_session_alive_and_is_noted_once_a_minute(gate: Gate, engine: Engine) -> None:
    cookie = session_cookie(gate)
    for back, noted in ((timedelta(seconds=50), False), (timedelta(minutes=59), True)):
        age(engine, last_seen_at=back)
        gate.identify(cookie)
        with transaction(engine) as session:
            seen = session.scalars(select(WebSession.last_seen_at)).one()
        assert (now() - seen < timedelta(seconds=20)) is noted


def test_a_log_in_forgets_sessions_that_have_ended_and_keeps_the_others(gate: Gate, engine: Engine) -> None:
    session_cookie(gate)
    age(engine, last_seen_at=timedelta(hours=2))
    held = session_cookie(gate)
    session_cookie(gate)

    with transaction(engine) as session:
        assert len(session.scalars(select(WebSession)).all()) == 2
    assert gate.identify(held).role is Role.CLINICIAN


def test_a_disabled_user_is_out_at_once_with_session_and_token_and_only_the_token_comes_back(
    gate: Gate, engine: Engine
) -> None:
    cookie = session_cookie(gate)
    with transaction(engine) as session:
        _, secret = add_token(session, TESTER, user="clinician", name="reports")
    token = Credential.of(CredentialKind.TOKEN, secret)
    assert gate.identify(token).actor == Actor("clinician", "clinician", "reports")

    with transaction(engine) as session:
        disable_user(session, TESTER, "clinician")
    for credential in (cookie, token):
        with pytest.raises(UnauthorisedError):
            gate.identify(credential)
    with pytest.raises(UnauthorisedError):
        gate.log_in("clinician", PASSWORD, ADDRESS)
    with transaction(engine) as session:
        enable_user(session, TESTER, "clinician")

    assert gate.identify(token).user == "clinician"
    with pytest.raises(UnauthorisedError):
        gate.identify(cookie)


def test_a_session_that_outlives_its_users_disabling_opens_nothing(gate: Gate, engine: Engine) -> None:
    cookie = session_cookie(gate)
    with transaction(engine) as session:
        session.execute(update(UserAccount).values(disabled_at=now()))  # by other means than `disable_user`

    with pytest.raises(UnauthorisedError):
        gate.identify(cookie)


def test_a_token_ends_when_it_expires_and_its_use_is_noted(gate: Gate, engine: Engine) -> None:
    with transaction(engine) as session:
        _, secret = add_token(session, TESTER, user="clinician", name="reports", lifetime=timedelta(days=1))
    token = Credential.of(CredentialKind.TOKEN, secret)
    gate.identify(token)

    with transaction(engine) as session:
        row = session.scalars(select(AccessToken)).one()
        assert row.last_used_at is not None
        row.expires_at = now()
    with pytest.raises(UnauthorisedError, match="expired or revoked"):
        gate.identify(token)
    with pytest.raises(UnauthorisedError):
        gate.identify(Credential.of(CredentialKind.SESSION, secret))


def test_an_outdated_hash_is_made_anew_at_the_log_in(gate: Gate, engine: Engine) -> None:
    stronger = Gate(Settings(), engine, cheap_passwords(rounds=2))

    stronger.log_in("clinician", PASSWORD, ADDRESS)

    with transaction(engine) as session:
        kept = session.scalars(select(UserAccount.password_hash)).one()
    assert kept is not None
    assert ",t=2," in kept
    gate.log_in("clinician", PASSWORD, ADDRESS)


def test_somebody_unknown_costs_as_much_as_a_wrong_password(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = cheap_passwords()
    compared: list[str | None] = []
    matches = passwords.matches

    def counted(stored: str | None, password: str) -> bool:
        compared.append(stored)
        return matches(stored, password)

    monkeypatch.setattr(passwords, "matches", counted)
    gate = Gate(Settings(), engine, passwords)
    for user in ("clinician", "nobody"):
        with pytest.raises(UnauthorisedError):
            gate.log_in(user, "wrong", ADDRESS)

    assert [stored is None for stored in compared] == [False, True]


def test_a_password_that_changes_between_check_and_session_opens_none(
    gate: Gate, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = gate._check

    def overtaken(name: str, password: str) -> gate_module._Checked:
        found = check(name, password)
        with transaction(engine) as session:
            session.execute(update(UserAccount).values(password_hash=cheap_passwords().hash("another")))
        return found

    monkeypatch.setattr(gate, "_check", overtaken)
    with pytest.raises(UnauthorisedError):
        gate.log_in("clinician", PASSWORD, ADDRESS)


def test_an_address_that_guesses_many_names_has_to_wait_and_others_do_not(gate: Gate) -> None:
    for number in range(30):
        with pytest.raises(UnauthorisedError):
            gate.log_in(f"user-{number}", "wrong", ADDRESS)

    with pytest.raises(TooManyAttemptsError, match=ADDRESS):
        gate.log_in("clinician", PASSWORD, ADDRESS)
    gate.log_in("clinician", PASSWORD, "192.0.2.2")


def test_failures_count_in_every_process(gate: Gate, engine: Engine) -> None:
    others = Gate(Settings(), engine, cheap_passwords())
    for turn in range(10):
        with pytest.raises(UnauthorisedError):
            (gate, others)[turn % 2].log_in("clinician", "wrong", ADDRESS)
    for process in (gate, others):
        with pytest.raises(TooManyAttemptsError, match="the user clinician"):
            process.log_in("Clinician", PASSWORD, "192.0.2.2")


def test_the_limiter_lets_go_when_the_window_has_passed_and_says_when(engine: Engine) -> None:
    clock = Clock()
    limiter = FailureLimiter(engine, "the user", allowed=3, window_seconds=60, clock=clock)
    for _ in range(3):
        limiter.check("a")
        with transaction(engine) as session:
            limiter.count(session, "a")
        clock.now += timedelta(seconds=10)

    with pytest.raises(TooManyAttemptsError, match="the user a: wait 30 seconds") as refused:
        limiter.check("a")
    assert refused.value.wait_seconds == 30
    clock.now += timedelta(seconds=30)
    limiter.check("a")


def test_limiters_count_apart_and_keep_neither_what_was_typed_nor_what_is_over(engine: Engine) -> None:
    clock = Clock()
    users = FailureLimiter(engine, "the user", allowed=1, window_seconds=60, clock=clock)
    codes = FailureLimiter(engine, "the user", allowed=1, window_seconds=60, tries="codes were wrong", clock=clock)
    with transaction(engine) as session:
        users.count(session, "a password")
        codes.check("a password")
        (kept,) = session.scalars(select(FailedTry))
        assert "a password" not in kept.key_sha256
        clock.now += timedelta(seconds=60)
        codes.count(session, "b")
        (rest,) = session.scalars(select(FailedTry))
        assert rest.id != kept.id


def test_a_role_without_the_permission_is_told_which_it_lacks() -> None:
    credential = Credential(CredentialKind.TOKEN, "0" * 64)
    technician = identity_module.Identity("a.lang", Role.TECHNICIAN, "north", credential)

    technician.demand(Permission.SEE_CAPTURES)
    with pytest.raises(ForbiddenError, match="retry-analyses"):
        technician.demand(Permission.RETRY_ANALYSES)
