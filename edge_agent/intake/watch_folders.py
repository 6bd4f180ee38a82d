"""Events of the watch folders, for as long as these are there: a share may come late, vanish and come back."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from edge_agent.intake.names import is_ignored

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

# Reading a file makes events as well; they are left out, or the agent would wake itself.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to know. Called from the observer's thread; must not raise, for that would end it."""

    changed: Callable[[Path], None]
    moved_away: Callable[[Path], None]
    folder_appeared: Callable[[Path], None]


class _Handler(FileSystemEventHandler):
    """Sorts the events of one watch folder."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._folder = folder
        self._listener = listener

    def on_any_event(self, event: FileSystemEvent) -> None:
        source, target = Path(os.fsdecode(event.src_path)), Path(os.fsdecode(event.dest_path or event.src_path))
        if target != source and not event.is_directory:
            self._listener.moved_away(source)
        if not self._concerns(target):
            return
        if not event.is_directory:
            self._listener.changed(target)
        else:
            self._listener.folder_appeared(target)

    def _concerns(self, path: Path) -> bool:
        """Whether the path lies in the watch folder and no part of it below that is to be ignored."""
        if not path.is_relative_to(self._folder) or path == self._folder:
            return False
        return not any(map(is_ignored, path.relative_to(self._folder).parts))


class WatchFolders:
    """Watches the folders, and says which it cannot watch."""

    def __init__(self, folders: tuple[Path, ...], listener: Listener, *, recursive: bool) -> None:
        self._folders = folders
        self._listener = listener
        self._recursive = recursive
        self._observer: BaseObserver = Observer()
        self._watched: dict[Path, tuple[ObservedWatch, tuple[int, int]]] = {}
        self.alarms: dict[Path, str] = {}

    def start(self) -> None:
        """Begin; folders that are not there are an alarm, not an error."""
        self._observer.start()
        self.check()

    def stop(self) -> None:
        """End; returns when the observer's threads have ended."""
        self._observer.stop()
        self._observer.join()

    def check(self) -> None:
        """Watch folders that have come (back), let go of those that have vanished."""
        for folder in self._folders:
            identity = _identity(folder)
            watched = self._watched.get(folder)
            if watched is not None and watched[1] == identity and self._is_heard(watched[0]):
                continue
            if watched is not None:
                self._observer.unschedule(watched[0])
                del self._watched[folder]
            if identity is None:
                self.alarms[folder] = f"The watch folder {folder} is not there: create it or connect its drive."
            else:
                self._watch(folder, identity)

    def _is_heard(self, watch: ObservedWatch) -> bool:
        """Whether events still come: they end with the folder, and a new one of its name may get its old inode."""
        if not self._observer.is_alive():
            return True  # not started yet, so nothing can have ended
        return any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)

    def _watch(self, folder: Path, identity: tuple[int, int]) -> None:
        handler = _Handler(folder, self._listener)
        try:
            watch = self._observer.schedule(handler, str(folder), recursive=self._recursive, event_filter=_EVENTS)
        except OSError as error:
            self.alarms[folder] = (
                f"The system reports no events for {folder} ({error.strerror}); new captures are found by scans only."
            )
        else:
            self._watched[folder] = (watch, identity)
            self.alarms.pop(folder, None)
            self._listener.folder_appeared(folder)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and inode; a folder that was deleted and made again has another one."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
