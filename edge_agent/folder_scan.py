"""A look at all files of the watch folders, taken in small steps, because events get lost and agents restart."""

import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from edge_agent.names import is_ignored, is_sidecar, looks_like_image


class FolderScan:
    """Folders that are to be looked through, and how far that has come. For one thread."""

    def __init__(self, *, recursive: bool) -> None:
        self._recursive = recursive
        self._waiting: deque[Path] = deque()
        self._entries: Iterator[Path] = iter(())
        self.finished = True

    def add(self, folder: Path) -> None:
        """Look through this folder as well."""
        if folder not in self._waiting:
            self._waiting.append(folder)
        self.finished = False

    def advance(self, count: int) -> list[Path]:
        """The next paths that may be captures, `count` at most; fewer only at the end of a folder."""
        paths = list(islice(self._entries, count))
        if len(paths) < count:
            if self._waiting:
                self._entries = self._listed(self._waiting.popleft())
            else:
                self.finished = True
        return paths

    def _listed(self, folder: Path) -> Iterator[Path]:
        """What lies directly in `folder`; folders within it are put in the queue. A folder that vanished is empty."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            if is_ignored(entry.name):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and self._recursive:
                self.add(Path(entry.path))
            if looks_like_image(entry.name) or not (is_folder or is_sidecar(entry.name)):
                yield Path(entry.path)
