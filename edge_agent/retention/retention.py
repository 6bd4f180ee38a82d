"""What becomes of an original once the cloud has it (DESIGN promise 2)."""

import errno
import os
import secrets
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge_agent.config import RetentionPolicy, RetentionSection
from edge_agent.disk import sync_folder
from edge_agent.intake.capture import Fingerprint
from edge_agent.intake.names import images_of, sidecars_of
from shared.errors import TransientError
from shared.identifiers import sha256_of_file


class Release(StrEnum):
    """What was done with an original."""

    KEPT = "kept"
    MOVED = "moved"
    DELETED = "deleted"
    LEFT = "left"  # nothing was done, though the policy says otherwise; the reason says why


@dataclass(frozen=True, slots=True)
class Released:
    """What was done with an original, where it is now, and for LEFT the reason, fit to be shown."""

    release: Release
    place: Path | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original whose capture the cloud has confirmed.

    Attributes:
        path: where it was taken from.
        original_sha256: of the file when it was taken.
        sha256: of the payload that was made of it.
        receipt_sha256: what the cloud's `stored` receipt names.
    """

    path: Path
    original_sha256: str
    sha256: str
    receipt_sha256: str


class Retention:
    """Keeps, moves or deletes originals as the settings say, and nothing that the cloud has not confirmed."""

    def __init__(self, rules: RetentionSection, watch_folders: tuple[Path, ...]) -> None:
        self._rules = rules
        self._watch_folders = watch_folders

    def release(self, file: StoredFile) -> Released:
        """Apply the policy to one original. Done twice, it does nothing the second time.

        Raises:
            TransientError: the disk, share or archive does not answer; the original is untouched: try again later.
        """
        if self._rules.policy is RetentionPolicy.KEEP:
            return Released(Release.KEPT, file.path)
        if file.receipt_sha256 != file.sha256:
            return Released(Release.LEFT, file.path, "the cloud's receipt names another SHA-256 than was sent")
        try:
            if not file.path.exists():
                gone = "the original is no longer there: somebody else moved or deleted it"
                return Released(Release.LEFT, None, gone)
            return self._release_unchanged(file)
        except OSError as error:
            raise TransientError(
                f"An original cannot be {self._rules.policy}d ({error.strerror}); it stays, and this is tried again."
            ) from error

    def _release_unchanged(self, file: StoredFile) -> Released:
        before = file.path.stat()
        unchanged = sha256_of_file(file.path) == file.original_sha256
        if not unchanged or Fingerprint.of(file.path.stat()) != Fingerprint.of(before):
            return Released(Release.LEFT, file.path, "the file has changed since it was taken; it counts as a new one")
        companions = _own_sidecars(file.path)
        if self._rules.policy is RetentionPolicy.DELETE:
            for path in (file.path, *companions):
                path.unlink()
            return Released(Release.DELETED)
        folder = self._archive_folder(file.path)
        place = move(file.path, folder, expected_sha256=file.original_sha256)
        for sidecar in companions:
            move(sidecar, folder, expected_sha256=sha256_of_file(sidecar))
        return Released(Release.MOVED, place)

    def _archive_folder(self, original: Path) -> Path:
        """The folder in the archive that mirrors the original's place within its watch folder."""
        archive = self._rules.archive_dir
        if archive is None:
            raise ValueError("RetentionSection has no archive_dir although its policy is move")
        for watched in self._watch_folders:
            if original.is_relative_to(watched):
                archive = archive / original.relative_to(watched).parent
                break
        archive.mkdir(parents=True, exist_ok=True)
        return archive


def _own_sidecars(image: Path) -> list[Path]:
    """The sidecars that describe this image and no other; they go where it goes."""
    return [sidecar for sidecar in sidecars_of(image) if sidecar.is_file() and images_of(sidecar) == [image]]


def move(source: Path, folder: Path, *, expected_sha256: str) -> Path:
    """Move a file, keeping both where the name is taken; at every moment one whole copy at least is there.

    Returns:
        Where it is now.

    Raises:
        OSError: source or folder do not answer, or the copy differs; the source is untouched.
    """
    place = _reserve(folder, source.name)
    try:
        source.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            place.unlink()
            raise
        _move_across(source, place, expected_sha256)
    sync_folder(folder)
    return place


def _reserve(folder: Path, name: str) -> Path:
    """An empty file of a free name: `name` itself, else with a number before its suffix."""
    place, number = folder / name, 1
    while True:
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            number += 1
            place = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        else:
            return place


def _move_across(source: Path, place: Path, expected_sha256: str) -> None:
    """To another file system: copy, make it durable, read it back, and only then delete."""
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        _copy_durably(source, draft, expected_sha256)
        draft.replace(place)
    except OSError:
        draft.unlink(missing_ok=True)
        place.unlink()
        raise
    sync_folder(place.parent)
    source.unlink()


def _copy_durably(source: Path, target: Path, expected_sha256: str) -> None:
    shutil.copy2(source, target)
    with target.open("r+b") as copy:
        os.fsync(copy.fileno())
    if sha256_of_file(target) != expected_sha256:
        raise OSError(errno.EIO, "the copy in the archive differs from the original")
