"""The outbox's file: threads, a full disk, other versions."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.intake.capture import PutOutcome, PutResult
from edge_agent.outbox import database
from edge_agent.outbox.outbox import Outbox
from shared.errors import ConfigurationError, TransientError
from shared.vocabulary import RefusalKind
from tests.support.edge import a_capture, a_refusal


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def test_many_threads_put_the_same_content_once(outbox: Outbox) -> None:
    start = threading.Barrier(8)
    outcomes: list[PutOutcome] = []

    def work(number: int) -> None:
        start.wait()
        outcomes.append(outbox.put(a_capture(b"same", path=Path(f"/captures/{number}.jpg"))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome.result for outcome in outcomes) == [PutResult.DUPLICATE] * 7 + [PutResult.NEW]
    assert len({outcome.capture_id for outcome in outcomes}) == 1
    assert len(list((outbox.spool.path(outcomes[0].capture_id)).parent.iterdir())) == 1


def test_a_full_disk_leaves_nothing_behind_and_may_be_tried_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _no_space)
        with pytest.raises(TransientError, match="No space left"):
            outbox.put(a_capture(b"1"))

    assert list((tmp_path / "spool").iterdir()) == []
    assert outbox.put(a_capture(b"1")).result is PutResult.NEW


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_newer_outbox_is_not_touched(tmp_path: Path) -> None:
    Outbox(tmp_path).close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(ConfigurationError, match="schema version 99"):
        Outbox(tmp_path)


def test_a_file_that_is_no_outbox_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"no database at all" * 100)

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Outbox(tmp_path)


def test_migrations_that_are_missing_are_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Outbox(tmp_path).close()
    later = (*database.MIGRATIONS, ("CREATE TABLE later (number INTEGER) STRICT",))
    monkeypatch.setattr(database, "MIGRATIONS", later)

    Outbox(tmp_path).close()

    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (0,)
    connection.close()


def test_what_an_agent_without_kinds_refused_is_read_again_and_what_it_took_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, refused = a_capture(b"1"), a_refusal(Path("/captures/broken.jpg"))
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", database.MIGRATIONS[:2])
        before = Outbox(tmp_path)
        before.put(taken)
        before.close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        connection.execute(
            "INSERT INTO file (path, fingerprint, reason, noted_at) VALUES (?, ?, ?, '2026-11-22T10:00:00+00:00')",
            (bytes(refused.path), str(refused.fingerprint), refused.reason),
        )
    connection.close()

    outbox = Outbox(tmp_path)

    assert outbox.is_known(taken.path, taken.fingerprint)
    assert not outbox.is_known(refused.path, refused.fingerprint)
    assert [(file.kind, file.reason) for file in outbox.refused_files()] == [(None, refused.reason)]
    assert (outbox.counts().refused_files, outbox.counts().refused_by_kind) == (1, {})
    outbox.refuse(refused)
    assert (outbox.counts().refused_files, outbox.counts().refused_by_kind) == (1, {RefusalKind.DAMAGED: 1})
    outbox.close()


def test_a_kind_that_a_newer_agent_noted_counts_without_its_word(outbox: Outbox, tmp_path: Path) -> None:
    outbox.refuse(a_refusal(Path("/captures/broken.jpg")))
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        connection.execute("UPDATE file SET kind = 'upside_down'")
    connection.close()

    assert outbox.refused_files()[0].kind is None
    assert (outbox.counts().refused_files, outbox.counts().refused_by_kind) == (1, {})
