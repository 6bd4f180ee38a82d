from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts import users
from cloud_service.accounts.permissions import PERMISSIONS, Permission, Role
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import AuditEntry, UserAccount, WebSession
from tests.support.accounts import HASHED, TESTER, a_user, add_site, cheap_passwords, sqlite_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with sqlite_session(tmp_path) as session:
        add_site(session, "north")
        yield session


def audited(session: Session) -> list[tuple[str, str]]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.position))
    return [(entry.action, entry.subject) for entry in entries]


def log_in(session: Session, user: UserAccount) -> None:
    session.add(WebSession(id_sha256="a" * 64, user_id=user.id))
    session.flush()


def test_every_role_has_its_permissions_and_administrators_have_all_but_the_clinicians_own() -> None:
    assert PERMISSIONS.keys() == set(Role)
    assert set(Permission) - PERMISSIONS[Role.ADMINISTRATOR] == {Permission.READ_CASES}
    assert {role for role, held in PERMISSIONS.items() if Permission.READ_CASES in held} == {Role.CLINICIAN}
    assert Permission.RETRY_ANALYSES not in PERMISSIONS[Role.TECHNICIAN]


def test_a_user_is_found_whatever_the_case_of_its_name_and_is_there_once(session: Session) -> None:
    added = a_user(session, Role.CLINICIAN, name=" H.Meier ")

    assert added.name == "h.meier"
    assert users.find_user(session, "H.MEIER") is added
    with pytest.raises(ConflictError, match=r"'h\.meier'"):
        a_user(session, Role.CLINICIAN, name="h.meier")
    assert audited(session) == [("user-added", "h.meier")]


@pytest.mark.parametrize("name", ["", ".x", "a b", "müller", "a" * 65, "a/b", "command line: x"])
def test_what_is_no_name_is_refused(session: Session, name: str) -> None:
    with pytest.raises(users.UserNameError):
        users.add_user(session, TESTER, name=name, role=Role.CLINICIAN, site=None, password_hash=HASHED)
    assert audited(session) == []


@pytest.mark.parametrize(
    ("role", "site", "has_password", "error"),
    [
        (Role.TECHNICIAN, None, True, ConflictError),
        (Role.TECHNICIAN, "nowhere", True, NotFoundError),
        (Role.CLINICIAN, "north", True, ConflictError),
        (Role.ADMINISTRATOR, "north", True, ConflictError),
        (Role.CLINICIAN, None, False, ConflictError),
        (Role.SERVICE, None, True, ConflictError),
        (Role.SERVICE, "north", False, ConflictError),
    ],
)
def test_role_site_and_password_go_together(
    session: Session, *, role: Role, site: str | None, has_password: bool, error: type[Exception]
) -> None:
    with pytest.raises(error):
        users.add_user(session, TESTER, name="x", role=role, site=site, password_hash=HASHED if has_password else None)
    assert not users.is_anybody_there(session)


def test_disabling_ends_the_sessions_and_enabling_keeps_the_password(session: Session) -> None:
    user = a_user(session, Role.TECHNICIAN, site="north")
    log_in(session, user)

    users.disable_user(session, TESTER, user.name)
    first = user.disabled_at
    users.disable_user(session, TESTER, user.name)

    assert first is not None
    assert user.disabled_at == first
    assert session.scalars(select(WebSession)).all() == []
    enabled = users.enable_user(session, TESTER, user.name)
    assert enabled.disabled_at is None
    assert user.password_hash == HASHED
    assert [action for action, _ in audited(session)] == ["user-added", *["user-disabled"] * 2, "user-enabled"]


def test_a_reset_replaces_the_password_and_ends_the_sessions(session: Session) -> None:
    user = a_user(session, Role.CLINICIAN)
    log_in(session, user)
    other = cheap_passwords().hash("another four rare words")

    users.reset_password(session, TESTER, user.name, other)

    assert user.password_hash == other
    assert session.scalars(select(WebSession)).all() == []
    a_user(session, Role.SERVICE)
    with pytest.raises(ConflictError, match="has no password"):
        users.reset_password(session, TESTER, "service", other)


def test_ones_own_password_changes_only_where_the_checked_one_still_stands(session: Session) -> None:
    user = a_user(session, Role.CLINICIAN)
    log_in(session, user)
    new = cheap_passwords().hash("another four rare words")

    with pytest.raises(ConflictError, match="meanwhile"):
        users.change_own_password(session, TESTER, user.name, known_hash="an older one", password_hash=new)
    assert user.password_hash == HASHED
    users.change_own_password(session, TESTER, user.name, known_hash=HASHED, password_hash=new)

    assert user.password_hash == new
    assert session.scalars(select(WebSession)).all() == []
    assert audited(session)[-1] == ("password-changed", "clinician")


@pytest.mark.parametrize("change", [users.disable_user, users.enable_user])
def test_nobody_is_changed_who_is_not_there(session: Session, change: object) -> None:
    assert callable(change)
    with pytest.raises(NotFoundError, match="user list"):
        change(session, TESTER, "nobody")
