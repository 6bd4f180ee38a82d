import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from edge_agent.agent_lock import AgentLock, is_agent_running
from edge_agent.cli import app, main
from edge_agent.credentials import EdgeSecrets
from edge_agent.outbox.outbox import Outbox
from shared.errors import ConfigurationError
from shared.messages import Result as CloudResult
from shared.vocabulary import Label, RefusalKind
from tests.support.edge import a_capture, a_refusal

GIVEN = {"site": "north", "device": "scope-1", "password": "s3cret", "broker": {"host": "127.0.0.1", "port": 1}}
runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of an enrolled device."""
    (tmp_path / "captures").mkdir()
    config = tmp_path / "edge.toml"
    enrolled = enrol(config)
    assert enrolled.exit_code == 0, enrolled.output
    return config


@pytest.fixture
def outbox(config: Path) -> Iterator[Outbox]:
    outbox = Outbox(config.parent / "state")
    yield outbox
    outbox.close()


def enrol(config: Path, *more: str, given: str = json.dumps(GIVEN)) -> Result:
    watch = str(config.parent / "captures")
    return runner.invoke(
        app, ["enrol", "--config", str(config), "--watch", watch, "--credentials", "-", *more], input=given
    )


def test_enrolment_writes_settings_and_secrets(config: Path) -> None:
    settings = tomllib.loads(config.read_text())
    secrets_file = config.parent / "state" / "secrets.json"

    assert settings["broker"] == GIVEN["broker"]
    assert settings["watch"]["folders"] == [str(config.parent / "captures")]
    assert secrets_file.stat().st_mode & 0o777 == 0o600
    assert EdgeSecrets.load(secrets_file).broker_password.get_secret_value() == "s3cret"
    assert "s3cret" not in config.read_text()


def test_a_second_enrolment_needs_force_and_keeps_the_pseudonym_key(config: Path) -> None:
    secrets_file = config.parent / "state" / "secrets.json"
    before = EdgeSecrets.load(secrets_file)

    assert isinstance(enrol(config).exception, ConfigurationError)
    again = enrol(config, "--force", given=json.dumps(GIVEN | {"password": "other"}))

    assert again.exit_code == 0
    after = EdgeSecrets.load(secrets_file)
    assert after.pseudonym_key == before.pseudonym_key
    assert after.broker_password.get_secret_value() == "other"


def test_credentials_that_are_none_are_told_without_showing_them(tmp_path: Path) -> None:
    result = enrol(tmp_path / "edge.toml", given='{"password": "s3cret"}')

    assert isinstance(result.exception, ConfigurationError)
    assert "s3cret" not in str(result.exception)
    assert not (tmp_path / "edge.toml").exists()


def test_the_list_escapes_what_a_name_may_hold(config: Path, outbox: Outbox) -> None:
    outbox.put(a_capture(b"1", path=Path("/captures/a\u202eb\n.jpg")))
    outbox.refuse(a_refusal(Path("/captures/c\x1b[31m.jpg")))

    text = runner.invoke(app, ["outbox", "list", "--config", str(config)]).output
    listing = json.loads(runner.invoke(app, ["outbox", "list", "--json", "--config", str(config)]).output)

    assert "a\\u202eb\\n.jpg" in text
    assert "c\\x1b[31m.jpg: it is cut short" in text
    assert listing["captures"][0]["files"] == ["/captures/a\u202eb\n.jpg"]
    assert listing["refused"][0]["file"] == "/captures/c\x1b[31m.jpg"
    assert listing["refused"][0]["kind"] == "damaged"


def test_the_status_counts_what_was_refused_by_kind(config: Path, outbox: Outbox) -> None:
    outbox.refuse(a_refusal(Path("/captures/a.jpg")))
    outbox.refuse(a_refusal(Path("/captures/b.jpg")))
    outbox.refuse(a_refusal(Path("/captures/c.jpg"), kind=RefusalKind.NO_ACCESSION))

    status = json.loads(runner.invoke(app, ["status", "--json", "--config", str(config)]).output)

    assert status["refused_files"] == 3
    assert status["refused_by_kind"] == {"damaged": 2, "no_accession": 1}


def test_a_doubted_answer_is_told_with_its_reason(config: Path, outbox: Outbox) -> None:
    capture = a_capture(b"1")
    capture_id = outbox.put(capture).capture_id
    doubt = "Unlike the images that the model was trained on."
    result = CloudResult(
        delivery_id=uuid4(),
        capture_id=capture_id,
        sha256=capture.sha256,
        kind="prediction",
        probability=0.003,
        label=Label.NO_BLAST_FEATURES,
        doubts=(doubt,),
        created_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    )
    outbox.answered(result)
    told = f"preliminary finding: Cannot say. {doubt} The model's own answer: No blast features seen (probability 0.00)"

    for command in (["outbox", "list"], ["status"]):
        assert told in runner.invoke(app, [*command, "--config", str(config)]).output
        found = json.loads(runner.invoke(app, [*command, "--json", "--config", str(config)]).output)
        (entry,) = found["captures"] if command[0] == "outbox" else found["results"]
        assert entry["result"]["doubts"] == [doubt]


def test_a_signed_diagnosis_is_told_with_its_report_and_stands_above_later_findings(
    config: Path, outbox: Outbox
) -> None:
    capture = a_capture(b"1")
    capture_id, at = outbox.put(capture).capture_id, datetime(2026, 11, 25, 10, 0, tzinfo=UTC)

    def answer(**fields: object) -> None:
        common = {"delivery_id": uuid4(), "capture_id": capture_id, "sha256": capture.sha256, "created_at": at}
        outbox.answered(CloudResult.model_validate({**common, **fields}))

    signed = {"kind": "diagnosis", "verdict": "cannot_say", "report_id": uuid4(), "signed_by": "a.bauer"}
    answer(**signed, report_number=1, report_status="final", reason="Cannot say: a new smear is wanted")
    answer(**signed, report_number=2, report_status="amended", reason="Cannot say: a new smear is wanted")
    answer(kind="prediction", label="suspicious", probability=0.9)

    told = "signed diagnosis: Cannot say: a new smear is wanted (report 2, amended, signed by a.bauer)"
    listed = runner.invoke(app, ["outbox", "list", "--config", str(config)]).output
    assert told in listed
    assert "preliminary finding" not in listed
    status = runner.invoke(app, ["status", "--config", str(config)]).output
    assert told in status
    assert "Research use only" in status


def test_retry_frees_what_is_parked_and_forgets_refusals(config: Path, outbox: Outbox) -> None:
    capture_id = outbox.put(a_capture(b"1")).capture_id
    outbox.park(capture_id, "refused")
    outbox.refuse(a_refusal(Path("/captures/c.jpg")))

    one = runner.invoke(app, ["outbox", "retry", str(capture_id), "--config", str(config)])
    again = runner.invoke(app, ["outbox", "retry", str(capture_id), "--config", str(config)])
    files = runner.invoke(app, ["outbox", "retry", "--refused", "--config", str(config)])
    nothing = runner.invoke(app, ["outbox", "retry", "--config", str(config)])

    assert (one.exit_code, again.exit_code, files.exit_code, nothing.exit_code) == (0, 1, 0, 2)
    assert outbox.counts().waiting == 1
    assert outbox.counts().refused_files == 0


def test_the_doctor_says_what_to_do(config: Path) -> None:
    (config.parent / "captures").rmdir()

    result = runner.invoke(app, ["doctor", "--config", str(config)])

    assert result.exit_code == 1
    assert "BAD  watch folder" in result.output
    assert "→ Create it" in result.output
    assert "BAD  broker: 127.0.0.1:1" in result.output


def test_settings_that_are_missing_end_with_their_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["smearflow-edge", "status", "--config", str(tmp_path / "none.toml")])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 3
    assert "smearflow-edge enrol" in capsys.readouterr().err


def test_one_agent_a_state_folder(tmp_path: Path) -> None:
    assert not is_agent_running(tmp_path)
    lock = AgentLock(tmp_path)
    assert is_agent_running(tmp_path)

    lock.release()

    assert not is_agent_running(tmp_path)
