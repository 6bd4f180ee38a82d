import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from shared import logs


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    logs.configure("ingest")
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


def test_a_line_is_one_json_object_with_its_ids(written: io.StringIO) -> None:
    logs.get_logger("smearflow").bind(capture="c1", device="d1", site="s1").info("stored", bytes=3)
    line = json.loads(written.getvalue())
    expected = {"process": "ingest", "event": "stored", "capture": "c1", "device": "d1", "site": "s1", "bytes": 3}
    assert {key: line[key] for key in expected} == expected
    assert line["timestamp"].endswith("Z")


def test_every_thread_names_the_process(written: io.StringIO) -> None:
    thread = threading.Thread(target=lambda: logs.get_logger("smearflow").info("from a thread"))
    thread.start()
    thread.join()
    assert json.loads(written.getvalue())["process"] == "ingest"


def test_libraries_log_in_the_same_form(written: io.StringIO) -> None:
    logging.getLogger("paho").warning("lost the line to %s", "broker")
    line = json.loads(written.getvalue())
    assert line["event"] == "lost the line to broker"
    assert line["logger"] == "paho"


@pytest.mark.parametrize("field", sorted(logs.PATIENT_FIELDS))
def test_a_patient_field_never_reaches_the_log(written: io.StringIO, field: str) -> None:
    logs.get_logger("smearflow").info("taken", **{field: "H26-1234"})
    assert "H26-1234" not in written.getvalue()
