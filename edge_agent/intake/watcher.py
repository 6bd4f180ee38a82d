"""Which files are ready to be taken: new ones by events, before a backlog by scans."""

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from edge_agent.config import WatchSection
from edge_agent.intake.capture import NO_FINGERPRINT, Fingerprint
from edge_agent.intake.folder_scan import FolderScan
from edge_agent.intake.names import images_of, is_sidecar, looks_like_image
from edge_agent.intake.stability import Clock, StabilityTracker
from edge_agent.intake.watch_folders import Listener, WatchFolders

BACKLOG_LIMIT = 256
"""Files of a scan that are kept at a time; the scan goes on when there is room."""

SCAN_SLICE = 128
"""Files that a scan looks at before new files have their turn again: a few milliseconds."""

CHECK_SECONDS = 2.0
"""Between two looks whether the watch folders are there."""


class Watcher:
    """Hands out one file at a time. `next_file` and `wait` are for one thread; events come from another."""

    def __init__(self, rules: WatchSection, is_known: Callable[[Path, Fingerprint], bool], clock: Clock) -> None:
        self._rules = rules
        self._is_known = is_known
        self._clock = clock
        self._new = StabilityTracker(rules.settle_seconds, clock)
        self._backlog = StabilityTracker(rules.settle_seconds, clock)
        self._scan = FolderScan(recursive=rules.recursive)
        self._appeared: SimpleQueue[Path] = SimpleQueue()
        self._awake = threading.Event()
        listener = Listener(self.notice, self._new.forget, self._notice_folder)
        self._folders = WatchFolders(rules.folders, listener, recursive=rules.recursive)
        self._next_scan = self._next_check = clock()

    def start(self) -> None:
        """Begin to watch. A folder that is missing is an alarm and is watched as soon as it is there."""
        self._folders.start()

    def stop(self) -> None:
        """End; returns when no event can come any more."""
        self._folders.stop()

    @property
    def alarms(self) -> list[str]:
        """What keeps files from being seen, for a person."""
        return list(self._folders.alarms.values())

    @property
    def waiting(self) -> int:
        """Files seen that were not handed out yet; more may lie behind them while a scan runs."""
        return len(self._new) + len(self._backlog)

    def notice(self, path: Path) -> None:
        """Something happened to this file, or it is to be tried again; a sidecar stands for its images."""
        for image in images_of(path) if is_sidecar(path.name) else [path]:
            self._backlog.forget(image)
            self._new.touch(image)
        self._awake.set()

    def _notice_folder(self, folder: Path) -> None:
        self._appeared.put(folder)
        if looks_like_image(folder.name):
            self._backlog.touch(folder)
        self._awake.set()

    def next_file(self) -> Path | None:
        """One file that stood still long enough: a new one if there is any, else one of the backlog."""
        self._look_after_folders()
        if (path := self._new.pop_stable()) is not None:
            return path
        if len(self._backlog) < BACKLOG_LIMIT:
            self._go_on_scanning()
        return self._backlog.pop_stable()

    def wait(self, longest: float) -> None:
        """Sleep until an event comes, a file may have become stable, or a scan is due; `longest` seconds at most."""
        self._awake.wait(min(longest, self.seconds_to_wait()))
        self._awake.clear()

    def seconds_to_wait(self) -> float:
        """How long there is nothing to do, unless an event comes."""
        if not self._scan.finished and len(self._backlog) < BACKLOG_LIMIT:
            return 0.0
        settling = (self._new.seconds_to_wait(), self._backlog.seconds_to_wait())
        times = [self._next_check - self._clock(), *(seconds for seconds in settling if seconds is not None)]
        if self._scan.finished:
            times.append(self._next_scan - self._clock())
        return max(0.0, min(times))

    def _look_after_folders(self) -> None:
        now = self._clock()
        if now >= self._next_check:
            self._folders.check()
            self._next_check = now + CHECK_SECONDS
        if now >= self._next_scan and self._scan.finished:
            for folder in self._rules.folders:
                self._scan.add(folder)
            self._next_scan = now + self._rules.scan_seconds
        while not self._appeared.empty():
            self._scan.add(self._appeared.get())

    def _go_on_scanning(self) -> None:
        for found in self._scan.advance(SCAN_SLICE):
            known = found.fingerprint != NO_FINGERPRINT and self._is_known(found.path, found.fingerprint)
            if not known and found.path not in self._new and found.path not in self._backlog:
                self._backlog.touch(found.path)
