from pathlib import Path

import pytest

from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.tables import read_rows


def test_rows_come_with_their_line_and_without_blanks(tmp_path: Path) -> None:
    file = tmp_path / "manifest.csv"
    file.write_bytes(b'\xef\xbb\xbfpath,label,group\r\n"a, b.jpg", ALL ,1\r\n\r\nc.jpg,hem\r\n')
    assert list(read_rows(file, ("path", "label"))) == [
        (2, {"path": "a, b.jpg", "label": "ALL", "group": "1"}),
        (4, {"path": "c.jpg", "label": "hem", "group": ""}),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("path,label\nÄhre.jpg,ALL\n".encode("latin-1"), 'byte 0xc4 is none of its characters. Save it as "CSV UTF-8"'),
        ("path,label\na.jpg,ALL\n".encode("utf-16"), "not in UTF-8"),
        (b"path,group\na.jpg,1\n", "lacks the column 'label'; it needs path and label"),
        (b"path,label\n" + b"a" * 200_000 + b",ALL\n", "is no CSV file, near line 1: field larger than"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "manifest.csv"
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=complaint):
        list(read_rows(file, ("path", "label")))
