import io
import re
from pathlib import Path

import pytest

from shared.identifiers import (
    case_pseudonym,
    new_capture_id,
    sha256_of_bytes,
    sha256_of_file,
    sha256_of_stream,
)

KEY = bytes(range(32))


def test_capture_ids_are_uuid_version_7_in_the_order_of_time() -> None:
    ids = [new_capture_id() for _ in range(1000)]
    assert {capture_id.version for capture_id in ids} == {7}
    assert sorted(ids) == ids
    assert len(set(ids)) == 1000


def test_digests_agree_with_the_standards_example(tmp_path: Path) -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of_bytes(b"abc") == sha256_of_stream(io.BytesIO(b"abc")) == sha256_of_file(tmp_path / "abc")
    assert sha256_of_bytes(b"abc") == expected


def test_a_long_file_is_read_in_pieces(tmp_path: Path) -> None:
    data = b"x" * (3 << 20)
    (tmp_path / "long").write_bytes(data)
    assert sha256_of_file(tmp_path / "long") == sha256_of_bytes(data)


def test_the_pseudonym_depends_on_accession_and_key_alone() -> None:
    pseudonym = case_pseudonym("H26-1234", KEY)
    assert re.fullmatch(r"[0-9a-f]{32}", pseudonym)
    assert pseudonym == case_pseudonym(" h26-1234 ", KEY)
    assert pseudonym != case_pseudonym("H26-1235", KEY)
    assert pseudonym != case_pseudonym("H26-1234", KEY[::-1])


@pytest.mark.parametrize(("accession", "key"), [("  ", KEY), ("H26-1", b"short")])
def test_no_pseudonym_without_an_accession_and_a_long_key(accession: str, key: bytes) -> None:
    with pytest.raises(ValueError, match=r"empty|32 bytes"):
        case_pseudonym(accession, key)
