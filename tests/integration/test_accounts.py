"""Users on both databases, with several at a time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from cloud_service.accounts.gate import Gate
from cloud_service.accounts.identity import Credential, CredentialKind
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import reset_password
from cloud_service.audit.verify import verify
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.errors import UnauthorisedError
from cloud_service.models import Base, WebSession
from tests.support.accounts import PASSWORD, TESTER, a_user, cheap_passwords
from tests.support.waiting import PATIENCE

PEOPLE = 8


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_many_log_in_at_once_and_each_is_known_again(engine: Engine) -> None:
    with transaction(engine) as session:
        names = [a_user(session, Role.CLINICIAN, name=f"user-{number}").name for number in range(PEOPLE)]
    gate = Gate(Settings(), engine, cheap_passwords())

    def come_and_go(name: str) -> str:
        _, cookie = gate.log_in(name, PASSWORD, "192.0.2.1")
        identity = gate.identify(Credential.of(CredentialKind.SESSION, cookie))
        gate.log_out(identity)
        return identity.user

    with ThreadPoolExecutor(PEOPLE) as pool:
        assert list(pool.map(come_and_go, names * 3)) == names * 3
    with snapshot(engine) as session:
        assert session.scalars(select(WebSession)).all() == []
        assert verify(session).position == PEOPLE + 2 * 3 * PEOPLE


def test_no_session_slips_in_beside_a_reset(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction(engine) as session:
        a_user(session, Role.CLINICIAN, name="h.meier")
    gate = Gate(Settings(), engine, cheap_passwords())
    compared, check = threading.Event(), gate._check

    def signalled(name: str, password: str) -> object:
        found = check(name, password)
        compared.set()
        return found

    monkeypatch.setattr(gate, "_check", signalled)
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            reset_password(session, TESTER, "h.meier", cheap_passwords().hash("another four rare words"))
            log_in = pool.submit(gate.log_in, "h.meier", PASSWORD, "192.0.2.1")
            assert compared.wait(PATIENCE), "the old password was right when it was compared"
        with pytest.raises(UnauthorisedError):
            log_in.result(timeout=PATIENCE)
    with snapshot(engine) as session:
        assert session.scalars(select(WebSession)).all() == []
