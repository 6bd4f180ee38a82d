from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cloud_service.accounts.gate import Gate
from cloud_service.accounts.identity import Credential, CredentialKind, Identity
from cloud_service.accounts.permissions import Role
from cloud_service.accounts.users import disable_user
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from cloud_service.errors import UnauthorisedError
from cloud_service.local_stack.people import add_first_administrator, demo_token
from cloud_service.models import Base
from tests.support.accounts import TESTER, a_user


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_the_first_administrator_is_made_once_and_logs_in_with_what_was_given_out(engine: Engine) -> None:
    password = add_first_administrator(engine)

    assert password is not None
    who, _ = Gate(Settings(), engine).log_in("admin", password, "127.0.0.1")
    assert who.role is Role.ADMINISTRATOR
    assert add_first_administrator(engine) is None
    with transaction(engine) as session:
        a_user(session, Role.ADMINISTRATOR, name="second")  # the last one cannot be disabled
        disable_user(session, TESTER, "admin")
    assert add_first_administrator(engine) is None, "a disabled administrator is not replaced behind one's back"


def test_the_demos_token_opens_what_programs_may_see_and_ends_with_the_demo(engine: Engine) -> None:
    gate = Gate(Settings(), engine)

    def identity(token: str) -> Identity:
        return gate.identify(Credential.of(CredentialKind.TOKEN, token))

    with demo_token(engine) as killed, demo_token(engine) as token:
        assert identity(token).role is Role.SERVICE
        with pytest.raises(UnauthorisedError):
            identity(killed)  # the next demo ends what a former one left behind
        with transaction(engine) as session:
            disable_user(session, TESTER, "demo")
        with pytest.raises(UnauthorisedError):
            identity(token)
