from pathlib import Path

import pytest

from cloud_service.ml.json_lines import JsonLines
from shared.errors import TransientError


def test_lines_are_there_for_who_comes_next(tmp_path: Path) -> None:
    first = JsonLines(tmp_path / "done.jsonl")
    first.add([1.5, None])
    first.add({"text": "ä\n"})

    assert JsonLines(tmp_path / "done.jsonl").lines == first.lines == [[1.5, None], {"text": "ä\n"}]


def test_a_line_that_was_torn_is_cut_off_and_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "done.jsonl"
    file.write_bytes(b'[1]\n[2]\n[3, "to')

    lines = JsonLines(file)
    assert lines.lines == [[1], [2]]
    lines.add([3])

    assert file.read_bytes() == b"[1]\n[2]\n[3]\n"


def test_a_file_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "missing" / "done.jsonl")

    with pytest.raises(TransientError, match=r"done\.jsonl cannot be written: No such file"):
        lines.add(1)
