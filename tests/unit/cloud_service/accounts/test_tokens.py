from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token, all_tokens, is_valid, revoke_token, sha256_of
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import AuditEntry, now
from tests.support.accounts import TESTER, a_user, sqlite_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with sqlite_session(tmp_path) as session:
        a_user(session, Role.SERVICE, name="hospital-it")
        yield session


def test_a_token_is_random_marked_and_kept_as_its_hash_alone(session: Session) -> None:
    row, secret = add_token(session, TESTER, user="hospital-it", name="reports")
    _, other = add_token(session, TESTER, user="hospital-it", name="lists")

    assert secret.startswith("smf_")
    assert len(secret) == 4 + 43
    assert secret != other
    assert row.token_sha256 == sha256_of(secret)
    entries = session.scalars(select(AuditEntry)).all()
    assert [entry.action for entry in entries] == ["user-added", "token-added", "token-added"]
    assert secret not in str([(entry.subject, entry.details) for entry in entries])


def test_a_revoked_or_expired_token_makes_room_for_another_of_its_name(session: Session) -> None:
    first, _ = add_token(session, TESTER, user="hospital-it", name="reports")
    with pytest.raises(ConflictError, match="revoke it first"):
        add_token(session, TESTER, user="hospital-it", name="reports")

    revoke_token(session, TESTER, user="hospital-it", name="reports")
    assert not is_valid(first, now())
    with pytest.raises(NotFoundError):
        revoke_token(session, TESTER, user="hospital-it", name="reports")
    second, _ = add_token(session, TESTER, user="hospital-it", name="reports", lifetime=timedelta(days=1))
    assert is_valid(second, now())
    assert not is_valid(second, now() + timedelta(days=1))
    second.expires_at = now()
    third, _ = add_token(session, TESTER, user="hospital-it", name="reports")

    assert [(owner.name, token) for owner, token in all_tokens(session, "Hospital-IT")] == [("hospital-it", third)]


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_token_without_a_name_is_refused(session: Session, name: str) -> None:
    with pytest.raises(ConflictError, match="1 to 64"):
        add_token(session, TESTER, user="hospital-it", name=name)


def test_nobody_has_no_token(session: Session) -> None:
    with pytest.raises(NotFoundError):
        add_token(session, TESTER, user="nobody", name="reports")
    with pytest.raises(NotFoundError):
        revoke_token(session, TESTER, user="hospital-it", name="reports")
    assert all_tokens(session) == []
