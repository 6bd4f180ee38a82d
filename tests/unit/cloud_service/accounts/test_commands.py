"""`smearflow user …` and `smearflow audit …` as an operator types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_service import config, database
from cloud_service.accounts.passwords import Passwords, WeakPasswordError
from cloud_service.accounts.tokens import sha256_of
from cloud_service.errors import ConflictError
from cloud_service.models import AccessToken, AuditEntry, UserAccount
from shared.errors import ConfigurationError
from tests.support.commands import Commands, own_cloud

GOOD = "four rare words together"
commands = Commands()
smearflow, told = commands.run, commands.told


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with own_cloud(tmp_path, monkeypatch):
        yield


def stored_hash(name: str) -> str:
    with database.snapshot() as session:
        found = session.query(UserAccount).filter_by(name=name).one().password_hash
        assert found is not None
        return found


def test_without_a_password_a_random_one_is_printed_and_opens_the_account() -> None:
    said = smearflow("user", "add", "admin", "--role", "administrator").stdout
    password = said.partition("(shown only now): ")[2].strip()

    assert Passwords().matches(stored_hash("admin"), password)
    assert [(user["name"], user["role"], user["site"]) for user in told("user", "list")] == [
        ("admin", "administrator", None)
    ]
    assert "password" not in told("user", "list")[0]


def test_a_password_comes_by_standard_input_or_by_prompt_and_never_back() -> None:
    added = smearflow("user", "add", "doc", "--role", "clinician", "--password-stdin", given=f"{GOOD}\n")
    assert GOOD not in added.output
    assert Passwords().matches(stored_hash("doc"), GOOD)

    reset = smearflow("user", "reset", "doc", "--ask", given="another four rare words\nanother four rare words\n")
    assert reset.exit_code == 0
    assert "another" not in reset.output
    assert Passwords().matches(stored_hash("doc"), "another four rare words")
    for command in (("user", "add"), ("user", "reset")):
        assert "--password " not in smearflow(*command, "--help").stdout, "a command line can be read by everybody"


def test_a_weak_password_changes_nothing() -> None:
    with pytest.raises(WeakPasswordError):
        smearflow("user", "add", "doc", "--role", "clinician", "--password-stdin", given="password1234\n")
    assert told("user", "list") == []


def test_a_service_user_comes_by_token_alone() -> None:
    assert "password" not in told("user", "add", "hospital-it", "--role", "service")
    with pytest.raises(ConflictError):
        smearflow("user", "reset", "hospital-it")
    made = told("user", "token", "add", "hospital-it", "reports", "--days", "30")

    with database.snapshot() as session:
        row = session.query(AccessToken).one()
    assert row.token_sha256 == sha256_of(made["token"])
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days in {29, 30}
    assert smearflow("user", "token", "revoke", "hospital-it", "reports").exit_code == 0
    (listed,) = told("user", "token", "list", "hospital-it")
    assert listed["revoked_at"] is not None
    assert made["token"] not in json.dumps(listed)


def test_disable_and_enable() -> None:
    told("user", "add", "doc", "--role", "clinician")

    assert told("user", "disable", "doc")["disabled_at"] is not None
    assert "disabled" in smearflow("user", "list").stdout
    assert told("user", "enable", "doc")["disabled_at"] is None


def test_all_of_it_is_audited_and_a_change_of_the_trail_is_noticed() -> None:
    told("user", "add", "doc", "--role", "clinician")
    told("user", "disable", "doc")
    entries = told("audit", "list")
    head = smearflow("audit", "verify").stdout.rpartition(" ")[2].strip()

    assert [entry["action"] for entry in entries] == ["user-disabled", "user-added"]
    assert all(entry["actor"].startswith("command line: ") for entry in entries)
    assert told("audit", "list", "--action", "user-added", "--limit", "1")[0]["subject"] == "doc"
    assert told("audit", "list", "--user", "admin") == []
    told("user", "enable", "doc")
    assert told("audit", "verify", "--noted", head)["position"] == 3
    with database.transaction() as session:
        session.get_one(AuditEntry, 2).subject = "somebody else"
    with pytest.raises(Exception, match="Entry 2 was changed"):
        smearflow("audit", "verify")


def test_a_user_is_bound_to_an_account_at_the_provider_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    told("user", "add", "h.meier", "--role", "clinician")
    with pytest.raises(ConfigurationError, match="SMEARFLOW_OPENID_ISSUER is empty"):
        smearflow("user", "bind", "h.meier", "248289761001")
    monkeypatch.setenv("SMEARFLOW_OPENID_ISSUER", "https://login.hospital.example")
    monkeypatch.setenv("SMEARFLOW_OPENID_CLIENT_ID", "smearflow")
    monkeypatch.setenv("SMEARFLOW_OPENID_PUBLIC_URL", "https://smearflow.hospital.example")
    config.settings.cache_clear()

    bound = told("user", "bind", "h.meier", "248289761001")
    assert (bound["openid_issuer"], bound["openid_subject"]) == ("https://login.hospital.example", "248289761001")
    assert told("user", "unbind", "h.meier")["openid_subject"] is None
    assert "from now on" in smearflow("user", "bind", "h.meier", "248289761001").stdout
