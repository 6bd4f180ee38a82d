"""Archives that strangers made: what is taken apart, and what is refused before it does harm."""

import io
import os
import random
import resource
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from cloud_service.datasets.archives import ArchiveRefusedError, Limits, extract
from cloud_service.datasets.packing import pack
from cloud_service.ml.datasets.samples import DatasetError
from shared.errors import TransientError
from tests.support.dataset_archives import tarred, zipped

LIMITS = Limits(entries=20, total_bytes=100_000_000)
FILES = {"all/a.png": b"a", "hem/b.png": b"b" * 3000}
PACKINGS: list[Callable[[dict[str, bytes]], bytes]] = [
    zipped,
    tarred,
    lambda files: tarred(files, mode="w"),
]


def extracted(content: bytes, folder: Path, limits: Limits = LIMITS) -> dict[str, bytes]:
    """What an archive holds, once it is taken apart; nothing outside its own folder has changed."""
    archive, into = folder / "archive", folder / "deep/in/here"
    archive.write_bytes(content)
    into.mkdir(parents=True)
    try:
        extract(archive, into, limits)
    finally:
        outside = {path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(into)}
        assert outside == {archive}
    return {path.relative_to(into).as_posix(): path.read_bytes() for path in into.rglob("*") if path.is_file()}


def refusal(content: bytes, folder: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(ArchiveRefusedError) as refused:
        extracted(content, folder, limits)
    return str(refused.value)


def a_tar(change: Callable[[tarfile.TarInfo], None], name: str = "all/a.png") -> bytes:
    """A tar file of one entry, which is changed first."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        change(info)
        archive.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", PACKINGS)
def test_an_archive_is_taken_apart(packed: Callable[[dict[str, bytes]], bytes], tmp_path: Path) -> None:
    passed_over = {"__MACOSX/all/._a.png": b"x", ".hidden/c.png": b"x", "all/.DS_Store": b"x"}
    assert extracted(packed(FILES | passed_over), tmp_path) == FILES


@pytest.mark.parametrize("packed", PACKINGS)
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../../outside.png", "leaves the archive's folder"),
        ("all/../../outside.png", "leaves the archive's folder"),
        ("/etc/cron.d/outside", "names a place of one machine"),
        ("C:/outside.png", "names a place of one machine"),
        ("..\\..\\outside.png", "names a place of one machine"),
        ("all/a\nb.png", "cannot be shown"),
        ("all/" + "x" * 201 + ".png", "too long a name"),
        ("all/" + "ü" * 120 + ".png", "too long a name"),
        ("/".join("abcdefghijklmnopq") + "/x.png", "folders deep"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(
    packed: Callable[[dict[str, bytes]], bytes], name: str, fault: str, tmp_path: Path
) -> None:
    assert fault in refusal(packed({"all/a.png": b"a", name: b"x"}), tmp_path)


def test_a_name_that_ends_at_a_nul_for_some_is_refused(tmp_path: Path) -> None:
    content = zipped({"all/aXb.png": b"a"}).replace(b"all/aXb.png", b"all/a\0b.png")
    assert "cannot be shown" in refusal(content, tmp_path)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is no plain file"),
        (tarfile.FIFOTYPE, "is no plain file"),
    ],
)
def test_links_and_devices_are_refused(kind: bytes, fault: str, tmp_path: Path) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, "/etc/passwd"

    assert fault in refusal(a_tar(change), tmp_path)


def test_links_in_zip_files_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("all/a.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(buffer.getvalue(), tmp_path)


def test_encrypted_files_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"all/a.png": b"a"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    assert "is encrypted" in refusal(bytes(content), tmp_path)


@pytest.mark.parametrize(
    "names", [("all/a.png", "all/a.png"), ("all/a.png", "ALL/A.png"), ("all", "all/a.png"), ("all/a.png", "all")]
)
def test_what_lies_in_one_place_twice_is_refused(names: tuple[str, str], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    assert "comes twice, or is a file and a folder at once" in refusal(buffer.getvalue(), tmp_path)


@pytest.mark.parametrize("packed", PACKINGS[:2])
def test_a_bomb_is_refused_before_it_fills_the_disk(
    packed: Callable[[dict[str, bytes]], bytes], tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    if packed is zipped:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("all/bomb.bmp", bytes(40_000_000))
    else:
        buffer.write(tarred({"all/bomb.bmp": bytes(40_000_000)}))
    assert "made to fill the disk" in refusal(buffer.getvalue(), tmp_path)


def test_a_file_that_is_larger_than_it_says_is_cut_off(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("all/bomb.bmp", bytes(40_000_000))
    honest = (40_000_000).to_bytes(4, "little")
    assert buffer.getvalue().count(honest) == 2
    told = refusal(buffer.getvalue().replace(honest, (1000).to_bytes(4, "little")), tmp_path)
    assert "damaged" in told or "made to fill the disk" in told


@pytest.mark.parametrize("packed", PACKINGS)
def test_more_files_or_bytes_than_are_taken_are_refused(
    packed: Callable[[dict[str, bytes]], bytes], tmp_path: Path
) -> None:
    many = packed({f"all/{number}.png": b"" for number in range(30)})
    assert "more than 20 entries" in refusal(many, tmp_path)
    (tmp_path / "large").mkdir()
    large = packed({f"all/{number}.png": bytes(1000) for number in range(3)})
    assert "SMEARFLOW_DATASET_MAX_BYTES" in refusal(large, tmp_path / "large", Limits(20, 2500))


def test_a_zip_file_of_a_million_entries_is_refused_before_its_directory_is_read(tmp_path: Path) -> None:
    content = bytearray(zipped({"all/a.png": b"a"}))
    end = content.rindex(b"PK\x05\x06")
    content[end + 8 : end + 12] = b"\xff\xff\xff\xff"
    assert "more than 20 entries" in refusal(bytes(content), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text",
        b"Rar!\x1a\x07\x01\x00" + bytes(600),
        zipped(FILES)[:-30],
        zipped(FILES)[:40],
        tarred(FILES)[:60],
        tarred(FILES)[:20] + b"\xff" * 50,
        b"PK\x05\x06",
    ],
    # Not by their bytes, in which the time stands: each process would know the tests by other names.
    ids=["empty", "text", "rar", "zip-without-end", "zip-begun", "tar-begun", "tar-damaged", "zip-end-alone"],
)
def test_what_is_no_archive_or_damaged_is_refused(content: bytes, tmp_path: Path) -> None:
    told = refusal(content, tmp_path)
    assert "damaged" in told or "no ZIP, tar or tar.gz file" in told


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_within_a_file_is_no_want_of_space(method: int, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("all/a.png", random.Random(0).randbytes(3000))
    content = bytearray(buffer.getvalue())
    content[60:1060] = b"\xff" * 1000
    assert "damaged" in refusal(bytes(content), tmp_path)


@pytest.mark.parametrize(("at", "what"), [(12, "size"), (16, "offset")])
def test_a_zip_file_whose_directory_lies_nowhere_is_refused(at: int, what: str, tmp_path: Path) -> None:
    content = bytearray(zipped(FILES))
    field = content.rindex(b"PK\x05\x06") + at
    content[field : field + 4] = (10_000).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(content), tmp_path), what


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    content = zipped({"x": b"a"}).replace(b"x", b"\0")
    assert "cannot be shown" in refusal(content, tmp_path)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk, writing more than so many bytes into a file fails."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_a_full_disk_is_a_fault_that_may_pass(tmp_path: Path) -> None:
    archive, into = tmp_path / "archive", tmp_path / "into"
    archive.write_bytes(zipped(FILES))
    into.mkdir()
    with files_of_at_most(2000), pytest.raises(TransientError, match="Free some space"):
        extract(archive, into, LIMITS)


def test_a_folder_is_packed_into_the_same_bytes_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "fields"
    for name, content in (FILES | {".hidden/x.png": b"x"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "hem/linked.png").symlink_to(folder / "all/a.png")
    assert pack(folder, tmp_path / "first.tar", LIMITS) == 3
    (folder / "all/a.png").touch()
    pack(folder, tmp_path / "second.tar", LIMITS)

    content = (tmp_path / "first.tar").read_bytes()
    assert content == (tmp_path / "second.tar").read_bytes()
    into = tmp_path / "into"
    into.mkdir()
    extract(tmp_path / "first.tar", into, LIMITS)
    assert (into / "hem/linked.png").read_bytes() == b"a"
    with pytest.raises(DatasetError, match="MAX_ENTRIES"):
        pack(folder, tmp_path / "third.tar", Limits(2, 10**9))
    with pytest.raises(DatasetError, match="not a folder"):
        pack(tmp_path / "nowhere", tmp_path / "third.tar", LIMITS)
    with files_of_at_most(2000), pytest.raises(TransientError, match="Free some space"):
        pack(folder, tmp_path / "third.tar", LIMITS)


def test_a_file_that_shrinks_while_it_is_packed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fields"
    folder.mkdir()
    image = folder / "a.png"
    image.write_bytes(b"a" * 3000)
    add = tarfile.TarFile.addfile

    def shrink_and_add(archive: tarfile.TarFile, info: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
        os.truncate(image, 1000)
        add(archive, info, content)

    monkeypatch.setattr(tarfile.TarFile, "addfile", shrink_and_add)
    with pytest.raises(DatasetError, match=r"a\.png became smaller while it was packed\. Import the folder again"):
        pack(folder, tmp_path / "packed.tar", LIMITS)
