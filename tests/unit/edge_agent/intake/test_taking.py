"""edge_agent.intake.taking: a good file becomes a capture, a bad one a reason, a passing trouble another try."""

import errno
import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import edge_agent.intake.taking
from edge_agent.intake.capture import NO_FINGERPRINT, CaptureTimeSource, Fingerprint, PreparedCapture, Refusal
from shared.errors import TransientError
from shared.identifiers import case_pseudonym, sha256_of_bytes
from shared.imaging.decode import ImageLimits
from shared.vocabulary import Priority, RefusalKind
from tests.support.edge_intake import KEY, encoded, field_image, jpeg, png_chunk, taking

OWN_CASE: dict[str, Any] = {"unidentified": "own-case"}


def take_good(path: Path, **rules: Any) -> PreparedCapture:
    taken = taking(**(rules or OWN_CASE)).take(path)
    assert isinstance(taken, PreparedCapture), taken
    with taken.payload as payload:
        return replace(taken, payload=io.BytesIO(payload.read()))


def refused(path: Path, kind: RefusalKind, limits: ImageLimits | None = None, **rules: Any) -> str:
    taken = taking(limits, **(rules or OWN_CASE)).take(path)
    assert isinstance(taken, Refusal)
    assert (taken.path, taken.kind) == (path, kind)
    return taken.reason


def test_good_file_becomes_a_capture(tmp_path: Path) -> None:
    path = tmp_path / "A12_3.jpg"
    tags = Image.Exif()
    tags[0x010E] = "Jane Doe"
    data = encoded(field_image(), "JPEG", exif=tags)
    path.write_bytes(data)
    capture = take_good(path, accession_pattern=r"(?P<accession>[A-Z]\d+)_(?P<smear>\d+)", default_stain="Giemsa")
    assert capture.case == case_pseudonym("A12", KEY)
    assert (capture.smear, capture.stain, capture.specimen) == ("3", "Giemsa", None)
    assert (capture.width, capture.height, capture.media_type) == (96, 80, "image/jpeg")
    assert capture.original_sha256 == sha256_of_bytes(data)
    payload = capture.payload.read()
    assert capture.byte_size == len(payload)
    assert capture.sha256 == sha256_of_bytes(payload) != capture.original_sha256
    assert b"Jane" not in payload
    assert capture.fingerprint == Fingerprint.at(path)
    assert capture.quality.width == 96
    assert path.read_bytes() == data


def test_no_accession_leaves_in_what_is_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(jpeg())
    (tmp_path / "x.json").write_text('{"accession": "SECRET-7", "priority": "urgent"}')
    capture = take_good(path)
    assert "SECRET" not in repr(capture)
    assert capture.priority is Priority.URGENT


def test_unidentified_files_of_one_content_are_one_case(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x010E] = "another comment"
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "b.jpg").write_bytes(encoded(field_image(1), "JPEG", exif=tags))
    (tmp_path / "c.jpg").write_bytes(jpeg(2))
    first, same, other = (take_good(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg"))
    assert first.case == same.case != other.case


def test_capture_time_is_the_best_there_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    capture = take_good(path)
    assert (capture.captured_at, capture.captured_at_source) == (
        datetime.fromtimestamp(1_700_000_000, UTC),
        CaptureTimeSource.FILE,
    )
    tags = Image.Exif()
    tags.get_ifd(0x8769).update({0x9003: "2021:06:01 12:00:00", 0x9011: "+02:00"})
    path.write_bytes(encoded(field_image(), "JPEG", exif=tags))
    assert take_good(path).captured_at_source is CaptureTimeSource.EXIF
    os.utime(path, (1_500_000_000, 1_500_000_000))  # the file is older than the camera says: the camera is wrong
    assert take_good(path).captured_at_source is CaptureTimeSource.FILE
    (tmp_path / "a.json").write_text('{"accession": "A", "captured_at": "2020-01-01T00:00:00Z"}')
    assert take_good(path).captured_at_source is CaptureTimeSource.SIDECAR


def png_header(width: int, height: int, bits: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixels + png_chunk(b"IEND", b"")


def tiff_of_100_megapixels() -> bytes:
    small = encoded(Image.new("L", (64, 64)), "TIFF")
    return small.replace(struct.pack("<HHII", 256, 4, 1, 64), struct.pack("<HHII", 256, 4, 1, 10_000)).replace(
        struct.pack("<HHII", 257, 4, 1, 64), struct.pack("<HHII", 257, 4, 1, 10_000)
    )


def animation() -> bytes:
    frames = [field_image(seed) for seed in range(3)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("make", "kind", "expected"),
    [
        (lambda: b"", RefusalKind.EMPTY, "empty"),
        (lambda: jpeg()[:-400], RefusalKind.DAMAGED, "copy it again"),
        (lambda: b"Dear colleague,\n", RefusalKind.NOT_AN_IMAGE, "holds text"),
        (lambda: png_header(0, 0), RefusalKind.DAMAGED, "0 pixels|0 x 0"),
        (lambda: png_header(60_000, 60_000), RefusalKind.TOO_LARGE, "pixels"),
        (tiff_of_100_megapixels, RefusalKind.TOO_LARGE, "pixels"),
        (lambda: png_header(64, 64, 16), RefusalKind.OTHER_PIXELS, "16 bits a sample"),
        (lambda: encoded(Image.new("I;16", (64, 64)), "TIFF"), RefusalKind.OTHER_PIXELS, "16 bits a sample"),
        (lambda: encoded(field_image().convert("CMYK"), "JPEG"), RefusalKind.OTHER_PIXELS, "CMYK"),
        (animation, RefusalKind.SEVERAL_IMAGES, "3 frames"),
        (lambda: encoded(field_image(), "GIF"), RefusalKind.OTHER_FORMAT, "GIF"),
        (lambda: encoded(field_image(), "PNG")[:200], RefusalKind.DAMAGED, "copy it again|damaged"),
    ],
)
def test_bad_image_gets_its_reason(tmp_path: Path, make: Callable[[], bytes], kind: RefusalKind, expected: str) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(make())
    reason = refused(path, kind)
    assert any(part in reason for part in expected.split("|")), reason


def test_palette_image_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(field_image().convert("P"), "PNG"))
    assert take_good(path).media_type == "image/png"


def test_what_is_no_plain_file_gets_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    assert "folder" in refused(folder, RefusalKind.NOT_A_FILE)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    assert "no plain file" in refused(pipe, RefusalKind.NOT_A_FILE)
    link = tmp_path / "link.jpg"
    link.symlink_to(tmp_path / "nowhere.jpg")
    assert "link leads to a file that is not there" in refused(link, RefusalKind.NOT_A_FILE)
    circle = tmp_path / "circle.jpg"
    circle.symlink_to(circle)
    assert "circle" in refused(circle, RefusalKind.NOT_A_FILE)
    assert "vanished" in refused(tmp_path / "gone.jpg", RefusalKind.VANISHED)


def test_link_to_an_image_is_taken(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(jpeg())
    (tmp_path / "a.jpg").symlink_to(tmp_path / "real")
    assert take_good(tmp_path / "a.jpg").sha256 == sha256_of_bytes(jpeg())


def test_too_large_file_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(10**12)
    assert "more than the" in refused(path, RefusalKind.TOO_LARGE)


@pytest.mark.parametrize(
    "name", ["two words.jpg", "line\nbreak.jpg", "血液塗抹.jpg", "Мазок №1.jpg", "\udcff\udcfe.jpg", "-rf"]
)
def test_any_name_is_taken(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(jpeg())
    assert take_good(path).path == path


def test_missing_and_malformed_sidecar(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    assert "no sidecar" in refused(path, RefusalKind.NO_ACCESSION, sidecar="required")
    (tmp_path / "a.json").write_text("{")
    assert "not JSON" in refused(path, RefusalKind.BAD_SIDECAR, sidecar="required")


def test_sidecar_changes_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    alone = Fingerprint.at(path)
    sidecar = tmp_path / "a.jpg.json"
    sidecar.write_text("{}")
    described = Fingerprint.at(path)
    os.utime(sidecar, (1, 1))
    assert len({alone, described, Fingerprint.at(path)}) == 3
    assert len({str(alone), str(described)}) == 2


def test_file_rewritten_while_it_is_read_is_not_sent_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(1))
    real_open = Path.open

    def open_and_rewrite(self: Path, *arguments: Any) -> Any:
        file = real_open(self, *arguments)
        monkeypatch.undo()
        path.write_bytes(jpeg(2) + b"more")
        return file

    monkeypatch.setattr(Path, "open", open_and_rewrite)
    with pytest.raises(TransientError, match="changed while it was read"):
        taking(**OWN_CASE).take(path)
    assert "vanished" not in str(take_good(path))


def test_file_replaced_while_it_is_read_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    path.write_bytes(jpeg(1))
    other.write_bytes(jpeg(1))
    real_open = Path.open

    def open_and_replace(self: Path, *arguments: Any) -> Any:
        file = real_open(self, *arguments)
        monkeypatch.undo()
        other.replace(path)
        return file

    monkeypatch.setattr(Path, "open", open_and_replace)
    with pytest.raises(TransientError, match="changed while it was read"):
        taking(**OWN_CASE).take(path)


@pytest.mark.parametrize("number", [errno.EIO, errno.EBUSY, errno.ESTALE, errno.EAGAIN])
def test_trouble_that_may_pass_is_transient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(TransientError, match="at present") as caught:
        taking(**OWN_CASE).take(path)
    assert "a.jpg" not in str(caught.value)


def test_file_held_by_another_program_on_windows_is_transient(tmp_path: Path) -> None:
    error = PermissionError(errno.EACCES, "held", str(tmp_path))
    error.winerror = 32  # type: ignore[attr-defined]
    with pytest.raises(TransientError):
        edge_agent.intake.taking._refusal_for(error, tmp_path, NO_FINGERPRINT)
