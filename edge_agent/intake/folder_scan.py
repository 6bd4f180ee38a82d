"""A look at all files of the watch folders, taken in small steps, because events get lost and agents restart."""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edge_agent.intake.capture import NO_FINGERPRINT, Fingerprint
from edge_agent.intake.names import is_ignored, is_sidecar, looks_like_image, sidecar_names


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file that may be a capture, with the fingerprint that `Fingerprint.at` would give."""

    path: Path
    fingerprint: Fingerprint


class FolderScan:
    """Folders that are to be looked through, and how far that has come. For one thread.

    It works on names and directory entries, because `Path` alone would take most of the time of a scan that finds
    10,000 known files once a minute.
    """

    def __init__(self, *, recursive: bool) -> None:
        self._recursive = recursive
        self._waiting: deque[Path] = deque()
        self._entries: Iterator[Sighting] = iter(())
        self.finished = True

    def add(self, folder: Path) -> None:
        """Look through this folder as well."""
        if folder not in self._waiting:
            self._waiting.append(folder)
        self.finished = False

    def advance(self, count: int) -> list[Sighting]:
        """The next files that may be captures, `count` at most; fewer only at the end of a folder."""
        found = list(islice(self._entries, count))
        if len(found) < count:
            if self._waiting:
                self._entries = self._listed(self._waiting.popleft())
            else:
                self.finished = True
        return found

    def _listed(self, folder: Path) -> Iterator[Sighting]:
        """What lies directly in `folder`; folders within it are put in the queue. A folder that vanished is empty."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            return
        sidecars = {entry.name.lower() for entry in entries if is_sidecar(entry.name)}
        for entry in entries:
            if is_ignored(entry.name):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and self._recursive:
                self.add(Path(entry.path))
            if looks_like_image(entry.name) or not (is_folder or is_sidecar(entry.name)):
                yield Sighting(Path(entry.path), _fingerprint(entry, sidecars))


def _fingerprint(entry: os.DirEntry[str], sidecars: set[str]) -> Fingerprint:
    """As `Fingerprint.at`; `sidecars` are the folder's, in lower case, since some systems ignore case."""
    image = _status(entry.path)
    if image is None:
        return NO_FINGERPRINT
    folder = entry.path[: -len(entry.name)]
    candidates = (_status(folder + name) for name in sidecar_names(entry.name) if name.lower() in sidecars)
    return Fingerprint.of(image, next(filter(None, candidates), None))


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - see FolderScan; and DirEntry.stat knows no inode on Windows
    except OSError:
        return None
