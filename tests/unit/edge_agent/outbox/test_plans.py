"""What the outbox asks its database for each capture does not take longer the more captures there ever were."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.outbox.outbox import Outbox
from tests.support.edge import a_capture, a_prediction, stored

PART = 64 * 1024
IN_ORDER = {"SCAN capture USING INDEX capture_to_send", "SCAN result"}
"""Read from their beginning on, up to a limit: the next capture to send, the latest results."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement from here on, with its values."""
    said: list[str] = []
    monkeypatch.setattr(sqlite3, "connect", _traced(sqlite3.connect, said.append))
    return said


def test_no_statement_of_a_captures_way_reads_or_sorts_a_whole_table(tmp_path: Path, said: list[str]) -> None:
    outbox = Outbox(tmp_path)
    capture = a_capture(b"1")
    capture_id = outbox.put(capture).capture_id
    said.clear()  # the schema

    outbox.release_all()
    outbox.is_known(capture.path, capture.fingerprint)
    entry = outbox.lease(PART, largest_kept=PART)
    assert entry is not None
    outbox.put(a_capture(b"2", path=Path("/captures/2.jpg")))
    outbox.put(a_capture(b"1", path=Path("/captures/copy.jpg")))
    outbox.stored(stored(capture_id, capture.sha256))
    outbox.answered(a_prediction(entry))
    outbox.settle([original.path for original in outbox.unsettled_originals(capture_id)])
    outbox.results()
    outbox.close()

    plans = _plans(tmp_path, said)
    assert len(plans) > 15
    assert [each for each, steps in plans.items() if any(map(_grows, steps))] == []


def test_a_list_of_some_captures_reads_their_files_and_results_alone(tmp_path: Path, said: list[str]) -> None:
    outbox = Outbox(tmp_path)
    capture_id = outbox.put(a_capture(b"1")).capture_id
    said.clear()

    outbox.files_of([capture_id])
    outbox.latest_results([capture_id])
    outbox.close()

    plans = _plans(tmp_path, said)
    assert len(plans) == 2
    whole = ("SCAN file", "SCAN result")
    assert [each for each, steps in plans.items() if any(step.startswith(whole) for step in steps)] == []


def _plans(folder: Path, said: list[str]) -> dict[str, list[str]]:
    """The steps of the plan of each statement that reads or writes rows."""
    statements = [each for each in said if each.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    with sqlite3.connect(folder / "outbox.sqlite") as connection:
        return {each: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {each}")] for each in statements}


def _grows(step: str) -> bool:
    """Whether a step of a plan takes as long as a table is large."""
    return "TEMP B-TREE" in step or (step.startswith("SCAN") and step not in IN_ORDER)


def _traced(
    connect: Callable[..., sqlite3.Connection], hear: Callable[[str], None]
) -> Callable[..., sqlite3.Connection]:
    def connecting(*where: object, **how: object) -> sqlite3.Connection:
        connection = connect(*where, **how)
        connection.set_trace_callback(hear)
        return connection

    return connecting
