"""edge_agent.intake.identify and edge_agent.intake.names."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import IdentificationSection
from edge_agent.intake.identify import SIDECAR_MAX_BYTES, Identifier, UnidentifiedError, read_sidecar
from edge_agent.intake.names import images_of, is_ignored, is_sidecar, looks_like_image, sidecars_of
from shared.identifiers import case_pseudonym
from shared.vocabulary import Priority, RefusalKind

PATTERN = r"(?P<accession>[A-Z]\d+)_(?P<smear>\d+)(_(?P<stain>\w+))?"


def identifier(**rules: Any) -> Identifier:
    return Identifier(IdentificationSection(**rules))


def test_file_name_gives_accession_smear_and_stain(tmp_path: Path) -> None:
    found = identifier(accession_pattern=PATTERN, default_stain="Giemsa").identify(tmp_path / "A77_2.jpg")
    assert found is not None
    assert (found.accession, found.smear, found.stain) == ("A77", "2", "Giemsa")
    named = identifier(accession_pattern=PATTERN, default_stain="Giemsa").identify(tmp_path / "A77_2_Wright.jpg")
    assert named is not None
    assert named.stain == "Wright"


def test_pattern_may_include_the_suffix(tmp_path: Path) -> None:
    found = identifier(accession_pattern=r"(?P<accession>\w+)\.jpg").identify(tmp_path / "A7.jpg")
    assert found is not None
    assert found.accession == "A7"


def test_sidecar_stands_above_file_name(tmp_path: Path) -> None:
    image = tmp_path / "A77_2.jpg"
    (tmp_path / "A77_2.json").write_text('{"accession": "B1", "priority": "urgent", "operator": "x"}')
    found = identifier(accession_pattern=PATTERN).identify(image)
    assert found is not None
    assert (found.accession, found.priority, found.smear) == ("B1", Priority.URGENT, None)
    (tmp_path / "A77_2.jpg.json").write_text('{"accession": "C1"}')
    found = identifier(accession_pattern=PATTERN).identify(image)
    assert found is not None
    assert found.accession == "C1"


def test_the_size_of_a_pixel_comes_from_the_sidecar_else_from_the_settings(tmp_path: Path) -> None:
    image, sidecar = tmp_path / "A77_2.jpg", tmp_path / "A77_2.json"
    usual = identifier(accession_pattern=PATTERN, micrometres_per_pixel=0.17)
    for content, expected in (
        ('{"accession": "B1"}', 0.17),
        ('{"accession": "B1", "micrometres_per_pixel": 0.065}', 0.065),
    ):
        sidecar.write_text(content)
        found = usual.identify(image)
        assert found is not None
        assert found.micrometres_per_pixel == expected
    for wrong in ("0", "-1", "1e9", '"wide"', "NaN"):
        sidecar.write_text(f'{{"accession": "B1", "micrometres_per_pixel": {wrong}}}')
        with pytest.raises(UnidentifiedError, match="micrometres_per_pixel"):
            usual.identify(image)


def test_required_sidecar_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UnidentifiedError, match="no sidecar") as caught:
        identifier(sidecar="required", accession_pattern=PATTERN).identify(tmp_path / "A77_2.jpg")
    assert caught.value.kind is RefusalKind.NO_ACCESSION


def test_unidentified_is_refused_or_a_case_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UnidentifiedError, match="does not fit"):
        identifier(accession_pattern=PATTERN).identify(tmp_path / "holiday.jpg")
    with pytest.raises(UnidentifiedError, match="accession_pattern"):
        identifier().identify(tmp_path / "holiday.jpg")
    assert identifier(unidentified="own-case").identify(tmp_path / "holiday.jpg") is None


@pytest.mark.parametrize("name", [" _1.jpg", "A\udcff_1.jpg"])
def test_name_whose_accession_is_no_text_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnidentifiedError, match="rename it"):
        identifier(accession_pattern=r"(?P<accession>[^_]+)_\d").identify(tmp_path / name)


def test_composed_and_decomposed_letters_are_the_same_case(tmp_path: Path) -> None:
    rules = identifier(accession_pattern=r"(?P<accession>[^_]+)_\d")
    found = [rules.identify(tmp_path / name) for name in ("Ä_1.jpg", "A\u0308_1.jpg")]
    assert len({case_pseudonym(each.accession, b"k" * 32) for each in found if each is not None}) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"accession": "SECRET-1"', "not JSON: .* line 1, column 25"),
        (b"SECRET-1", "not JSON"),
        (b'"SECRET-1"', "must hold a JSON object"),
        (b"[" * 50_000, "nested too deep"),
        (b'{"accession": ' + b"9" * 5000 + b"}", "number that is too long"),
        (b'{"smear": "1"}', "accession: Field required"),
        (b'{"accession": ""}', "accession: .*at least 1 character"),
        (b'{"accession": "  "}', "accession: .*at least 1 character"),
        (b'{"accession": null}', "accession"),
        (b'{"accession": NaN}', "accession: .*text in quotes"),
        (b'{"accession": 1.5}', "accession: .*text in quotes"),
        (b'{"accession": "\\ud800"}', "accession"),
        (b'{"accession": "SECRET-1", "priority": "soon"}', "priority: .*'urgent' or 'routine'"),
        (b'{"accession": "SECRET-1", "captured_at": "SECRET-1"}', "captured_at"),
        (b'{"accession": "SECRET-1", "captured_at": "0001-01-01T00:00:00"}', "between 1990 and 2200"),
        ('{"accession": "SECRET-1"}'.encode("utf-16"), "not UTF-8"),
        (b" " * (SIDECAR_MAX_BYTES + 1), "more than"),
    ],
)
def test_wrong_sidecar_is_explained_and_not_quoted(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UnidentifiedError, match=expected) as caught:
        read_sidecar(path)
    assert caught.value.kind is RefusalKind.BAD_SIDECAR
    assert "SECRET" not in str(caught.value)


def test_sidecar_as_simple_programs_write_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"accession": 12345, "smear": 2, "captured_at": "2026-05-01T12:00:00+02:00"}')
    found = read_sidecar(path)
    assert (found.accession, found.smear) == ("12345", "2")
    assert found.captured_at == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_names() -> None:
    assert all(map(is_ignored, [".a.jpg", "~$a.jpg", "a.jpg~", "a.jpg.part", "a.TMP", "Thumbs.db", "desktop.ini"]))
    assert not any(map(is_ignored, ["a.jpg", "a b\n.JPG", "血.tif", "notes.txt", "part"]))
    assert is_sidecar("a.JSON")
    assert looks_like_image("a.TIFF")
    assert not looks_like_image("a.json")


def test_images_of_a_sidecar_are_those_whose_sidecar_it_is(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.PNG", "b.jpg"):
        (tmp_path / name).touch()
    assert images_of(tmp_path / "a.json") == [tmp_path / "a.jpg", tmp_path / "a.PNG"]
    assert images_of(tmp_path / "a.jpg.json") == [tmp_path / "a.jpg"]
    assert tmp_path / "a.json" in sidecars_of(tmp_path / "a.PNG")
    assert images_of(tmp_path / "c.json") == []
