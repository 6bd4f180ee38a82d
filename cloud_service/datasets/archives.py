"""Taking an archive that strangers may have made apart: nothing leaves its folder, and nothing grows without end."""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from cloud_service.zip_faults import ZIP_FAULTS
from shared.errors import PermanentError, TransientError

_AT_ONCE: Final = 1 << 20  # bytes
_LARGEST_RATIO: Final = 200  # photographs do not shrink; what shrinks so much is made to fill the disk
_RATIO_COUNTS_FROM: Final = 16 << 20  # bytes: a small file of blanks is no bomb
_DIRECTORY_BYTES_EACH: Final = 1 << 10  # of a ZIP file's directory for an entry; names are shorter
_LONGEST_NAME: Final = 400  # characters, all folders and the file
_LONGEST_PART: Final = 200  # bytes of one folder's or file's name
_DEEPEST: Final = 16  # folders
_END_OF_DIRECTORY: Final = b"PK\x05\x06"  # APPNOTE 6.3.10, section 4.3.16
_END_BYTES: Final = 22 + 0xFFFF  # with the longest comment


class ArchiveRefusedError(PermanentError):
    """An archive is none that is taken apart; the text names the entry and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may bring: entries of any kind, and bytes of all files together."""

    entries: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: str  # "file", "folder", or what else it is, for the refusal
    size: int  # bytes, as the archive has it; not believed
    opened: Callable[[], IO[bytes]]


class _DamagedError(ArchiveRefusedError):
    """The archive is damaged, or of a kind that is not read."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"The archive is damaged, or of a kind that is not read: {error}.")


class _TooLargeError(ArchiveRefusedError):
    """With an entry, the files become more than is taken, or so many times the archive that it must be made for it."""

    def __init__(self, entry: _Entry, limits: Limits, most: int) -> None:
        super().__init__(
            f"With the entry {entry.name!r} the archive's files become larger than what is taken, {most:,} bytes. "
            "Divide the data set, or raise SMEARFLOW_DATASET_MAX_BYTES."
            if most == limits.total_bytes
            else f"With the entry {entry.name!r} the archive becomes more than {_LARGEST_RATIO} times as large as it "
            "is. Photographs do not: it is made to fill the disk."
        )


def extract(archive: Path, into: Path, limits: Limits, progress: Callable[[int], None] = lambda _: None) -> int:
    """Write an archive's files into a folder.

    Hidden files and what macOS adds (`__MACOSX`) are passed over. What a refused archive has brought so far stays in
    the folder, for the caller to remove with it.

    Args:
        archive: a ZIP file, a tar file, or one packed by gzip; recognised by its first bytes.
        into: an empty folder.
        limits: how much it may bring.
        progress: called with the number of files written so far.

    Returns:
        How many files were written.

    Raises:
        ArchiveRefusedError: it is no such archive, damaged or encrypted, or an entry is none that is taken.
        TransientError: the disk is full.
    """
    written = files = 0
    seen: set[str] = set()
    folder_names: set[str] = set()
    most = min(limits.total_bytes, max(_RATIO_COUNTS_FROM, archive.stat().st_size * _LARGEST_RATIO))
    with _opened(archive, limits) as entries:
        for number, entry in enumerate(entries, start=1):
            if number > limits.entries:
                raise ArchiveRefusedError(
                    f"The archive has more than {limits.entries:,} entries; the first beyond them is "
                    f"{entry.name[:_LONGEST_NAME]!r}. Divide it, or raise SMEARFLOW_DATASET_MAX_ENTRIES."
                )
            name = _checked(entry)
            if entry.kind == "folder":
                continue
            _refuse_double(name, seen, folder_names)
            if written + entry.size > most:
                raise _TooLargeError(entry, limits, most)
            if _is_passed_over(name):
                written += entry.size  # to pass over it in a tar file takes as long as to read it
                continue
            written += _write(entry, into / name, most - written, _TooLargeError(entry, limits, most))
            files += 1
            progress(files)
    return files


@contextmanager
def _opened(archive: Path, limits: Limits) -> Iterator[Iterator[_Entry]]:
    with archive.open("rb") as file:
        head = file.read(512)
    try:
        if head.startswith((b"PK\x03\x04", _END_OF_DIRECTORY)):
            _refuse_large_directory(archive, limits)
            with zipfile.ZipFile(archive) as zipped:
                yield _zip_entries(zipped)
        elif head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
            with tarfile.open(archive, "r|gz" if head.startswith(b"\x1f\x8b") else "r|") as tarred:
                yield _tar_entries(tarred)
        else:
            raise ArchiveRefusedError("This is no ZIP, tar or tar.gz file: its first bytes are none of theirs.")
    except (tarfile.TarError, *ZIP_FAULTS) as error:
        raise _DamagedError(error) from error


def _refuse_large_directory(archive: Path, limits: Limits) -> None:
    """Refuse a ZIP file of too many entries before its directory is read into memory."""
    with archive.open("rb") as file:
        file.seek(max(0, archive.stat().st_size - _END_BYTES))
        tail = file.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(tail) < at + 22:
        raise ArchiveRefusedError("The archive is damaged: the end of the ZIP file is missing. Send it again.")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    is_unsaid = 0xFFFFFFFF  # ZIP64 says it elsewhere; then the directory is large in any case
    if limits.entries < count or size >= min(is_unsaid, limits.entries * _DIRECTORY_BYTES_EACH):
        raise ArchiveRefusedError(
            f"The archive has more than {limits.entries:,} entries. Divide it, or raise SMEARFLOW_DATASET_MAX_ENTRIES."
        )


def _zip_entries(zipped: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in zipped.infolist():
        mode = info.external_attr >> 16
        kind = "file"
        if info.filename.endswith("/"):  # `is_dir` fails where there is no name
            kind = "folder"
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
        elif info.flag_bits & 0x1:
            kind = "encrypted"
        # Not `filename`, which the library has cut off at a NUL already.
        yield _Entry(info.orig_filename, kind, info.file_size, lambda info=info: zipped.open(info))  # type: ignore[misc]


def _tar_entries(tarred: tarfile.TarFile) -> Iterator[_Entry]:
    for info in tarred:
        kind = "no plain file"
        if info.isreg() and not info.issparse():
            kind = "file"
        elif info.isdir():
            kind = "folder"
        elif info.issym() or info.islnk():
            kind = "a link"
        yield _Entry(info.name, kind, info.size, lambda info=info: _tar_file(tarred, info))  # type: ignore[misc]


def _tar_file(tarred: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    opened = tarred.extractfile(info)
    assert opened is not None  # noqa: S101 - it is a plain file
    return opened


def _checked(entry: _Entry) -> str:
    """An entry's name as a path below the folder, once nothing is wrong with name or kind."""
    name, shown = entry.name, entry.name[:_LONGEST_NAME]
    parts = PurePosixPath(name).parts
    if "\\" in name or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        raise ArchiveRefusedError(f"The entry {shown!r} names a place of one machine; names must be below a folder.")
    if ".." in parts:
        raise ArchiveRefusedError(f"The entry {shown!r} leaves the archive's folder.")
    if any(not character.isprintable() for character in name):
        raise ArchiveRefusedError(f"The entry {shown!r} has characters in its name that cannot be shown.")
    if len(name) > _LONGEST_NAME or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise ArchiveRefusedError(f"The entry {shown!r} has too long a name.")
    if len(parts) > _DEEPEST:
        raise ArchiveRefusedError(f"The entry {shown!r} lies more than {_DEEPEST} folders deep.")
    if entry.kind not in ("file", "folder"):
        raise ArchiveRefusedError(f"The entry {shown!r} is {entry.kind}; only files and folders are taken.")
    if entry.kind == "file" and not parts:
        raise ArchiveRefusedError(f"The entry {shown!r} has no name.")
    return "/".join(parts)


def _refuse_double(name: str, files: set[str], folders: set[str]) -> None:
    """Refuse what lies where another entry lies, on disks too to which capitals are the same."""
    plain = name.casefold()
    above = {str(path) for path in PurePosixPath(plain).parents}
    if plain in files or plain in folders or above & files:
        raise ArchiveRefusedError(f"The entry {name!r} comes twice, or is a file and a folder at once.")
    files.add(plain)
    folders |= above


def _is_passed_over(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _write(entry: _Entry, file: Path, room: int, too_large: ArchiveRefusedError) -> int:
    """Write a file of `room` bytes at most, counted while they come."""
    size = 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as target, closing(_chunks(entry)) as chunks:
            for chunk in chunks:
                size += len(chunk)
                if size > room:
                    raise too_large
                target.write(chunk)
    except OSError as error:
        raise TransientError(f"{entry.name!r} cannot be written: {error.strerror}. Free some space.") from error
    return size


def _chunks(entry: _Entry) -> Generator[bytes, None, None]:
    """What an entry holds. An error of reading is the archive's fault, and none that waiting would mend."""
    try:
        with entry.opened() as source:
            while chunk := source.read(_AT_ONCE):
                yield chunk
    except OSError as error:  # see ZIP_FAULTS
        raise _DamagedError(error) from error
