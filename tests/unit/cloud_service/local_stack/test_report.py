import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from rich.console import Console

from cloud_service.local_stack.edge_view import EdgeFile
from cloud_service.local_stack.expected import ExpectedFile
from cloud_service.local_stack.report import DemoReport
from shared.messages import Result
from shared.vocabulary import RESEARCH_USE_ONLY

QUEUED_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
GOOD, BAD = ExpectedFile(Path("/c/good.jpg"), is_good=True), ExpectedFile(Path("/c/[red]b\nad.jpg"), is_good=False)
REFUSED = EdgeFile(reason="the file is empty")


DOUBT = "Unlike the images that the model was trained on."


def diagnosed(capture_id: UUID, *doubts: str) -> EdgeFile:
    result = Result(
        v=1,
        delivery_id=uuid4(),
        capture_id=capture_id,
        sha256="0" * 64,
        kind="prediction",
        probability=0.25,
        label="no_blast_features",
        doubts=doubts,
        created_at=QUEUED_AT,
    )
    return EdgeFile(capture_id=capture_id, queued_at=QUEUED_AT, result=result)


def report_of(*files: tuple[ExpectedFile, EdgeFile | None], milliseconds: int = 200) -> DemoReport:
    seen = {
        file.capture_id: QUEUED_AT + timedelta(milliseconds=milliseconds)
        for _, file in files
        if file and file.capture_id
    }
    return DemoReport(files, seen)


def test_good_captures_diagnosed_and_bad_ones_refused_is_success() -> None:
    report = report_of((GOOD, diagnosed(uuid4())), (BAD, REFUSED))
    assert report.succeeded
    told = report.as_json()
    assert told["counts"] == {"total": 2, "diagnosed": 1, "refused": 1, "pending": 0}
    assert told["latency_ms"] == {"p50": 200, "p95": 200}
    assert told["captures"] == [
        {
            "file": "/c/good.jpg",
            "state": "diagnosed",
            "probability": 0.25,
            "label": "no_blast_features",
            "doubts": [],
            "reason": None,
        },
        {
            "file": str(BAD.path),
            "state": "refused",
            "probability": None,
            "label": None,
            "doubts": [],
            "reason": "the file is empty",
        },
    ]
    json.dumps(told)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (GOOD, None),
        (GOOD, REFUSED),
        (GOOD, EdgeFile(capture_id=uuid4(), waits=True)),
        (BAD, None),
        (BAD, diagnosed(uuid4())),
        (BAD, EdgeFile(waits=True, reason="put off")),
    ],
)
def test_anything_else_is_none(expected: ExpectedFile, found: EdgeFile | None) -> None:
    assert not report_of((GOOD, diagnosed(uuid4())), (expected, found)).succeeded


def test_no_file_at_all_is_no_success() -> None:
    assert not report_of().succeeded
    assert report_of().as_json()["latency_ms"] == {"p50": None, "p95": None}


def test_the_table_says_what_a_finding_is_and_no_name_disturbs_it() -> None:
    stream = StringIO()
    report_of((GOOD, diagnosed(uuid4())), (BAD, REFUSED)).print(Console(file=stream, width=160))
    text = stream.getvalue()
    assert "No blast features seen" in text
    assert "[red]b\\nad.jpg" in text
    assert RESEARCH_USE_ONLY in text
    assert "normal" not in text
    assert "doubted" not in text


def test_a_doubted_answer_is_marked_and_is_still_success() -> None:
    stream = StringIO()
    report = report_of((GOOD, diagnosed(uuid4(), DOUBT)), (BAD, REFUSED))
    report.print(Console(file=stream, width=240))
    text = stream.getvalue()
    assert f"Cannot say. {DOUBT} The model's own answer: No blast features seen" in text
    assert "Of those diagnosed, 1 are doubted" in text
    assert report.as_json()["captures"][0]["doubts"] == [DOUBT]
    assert report.succeeded
