"""edge_agent.intake.watcher and edge_agent.intake.folder_scan, with a clock moved by hand and without events."""

import shutil
from pathlib import Path
from typing import Any

from edge_agent.config import WatchSection
from edge_agent.intake.capture import Fingerprint
from edge_agent.intake.folder_scan import FolderScan
from edge_agent.intake.stability import look_at
from edge_agent.intake.watcher import BACKLOG_LIMIT, SCAN_SLICE, Watcher
from tests.support.clock import HandClock


class Known:
    """The outbox's list of handled files."""

    def __init__(self) -> None:
        self.files: set[tuple[Path, Fingerprint]] = set()

    def __call__(self, path: Path, fingerprint: Fingerprint) -> bool:
        return (path, fingerprint) in self.files


def make(folder: Path, **rules: Any) -> tuple[Watcher, HandClock, Known]:
    clock, known = HandClock(), Known()
    return Watcher(WatchSection(folders=(folder,), **rules), known, clock), clock, known


def drain(watcher: Watcher, clock: HandClock, seconds: float) -> list[Path]:
    """All that is handed out within `seconds`."""
    found, end = [], clock.now + seconds
    while clock.now < end:
        path = watcher.next_file()
        if path is not None:
            found.append(path)
        else:
            clock.now += 0.05
    return found


def scanned(folder: Path, *, recursive: bool) -> set[str]:
    scan = FolderScan(recursive=recursive)
    scan.add(folder)
    found: list[Path] = []
    while not scan.finished:
        for sighting in scan.advance(3):
            assert sighting.fingerprint == look_at(sighting.path)
            found.append(sighting.path)
    assert len(found) == len(set(found))
    return {str(path.relative_to(folder)) for path in found}


def test_scan_finds_what_may_be_a_capture(tmp_path: Path) -> None:
    for name in (
        "a.jpg",
        "notes.txt",
        ".hidden.jpg",
        "b.jpg.part",
        "a.json",
        "a.jpg.json",
        "notes.JSON",
        "sub/c.tif",
        "sub/deep/d.png",
        ".x/e.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    top = {"a.jpg", "notes.txt", "folder.jpg", "dangling.jpg"}
    assert scanned(tmp_path, recursive=False) == top
    assert scanned(tmp_path, recursive=True) == top | {"sub/c.tif", "sub/deep/d.png"}
    assert scanned(tmp_path / "not there", recursive=True) == set()


def test_files_present_at_the_start_are_handed_out_once_they_stood_still(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    watcher, clock, _ = make(tmp_path)
    assert drain(watcher, clock, 0.4) == []
    assert drain(watcher, clock, 1.0) == [tmp_path / "a.jpg"]


def test_known_files_are_skipped_and_changed_ones_are_not(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.touch()
    watcher, clock, known = make(tmp_path, scan_seconds=60)
    known.files = {(path, Fingerprint.at(path)) for path in paths[:2]}
    assert drain(watcher, clock, 2.0) == paths[2:]
    known.files.add((paths[2], Fingerprint.at(paths[2])))
    assert drain(watcher, clock, 70.0) == []
    paths[0].write_bytes(b"changed")
    assert drain(watcher, clock, 61.0) == paths[:1]


def test_late_sidecar_brings_its_image_back(tmp_path: Path) -> None:
    image, sidecar = tmp_path / "a.jpg", tmp_path / "a.json"
    image.touch()
    watcher, clock, known = make(tmp_path)
    known.files.add((image, Fingerprint.at(image)))
    assert drain(watcher, clock, 5.0) == []
    sidecar.write_text("{}")
    watcher.notice(sidecar)
    assert drain(watcher, clock, 1.0) == [image]


def test_late_sidecar_is_found_by_the_scan_if_its_event_was_lost(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.touch()
    watcher, clock, known = make(tmp_path, scan_seconds=10)
    known.files.add((image, Fingerprint.at(image)))
    assert drain(watcher, clock, 15.0) == []
    (tmp_path / "a.jpg.json").write_text("{}")
    assert drain(watcher, clock, 11.0) == [image]


def test_new_file_overtakes_a_backlog_of_ten_thousand(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number:05}.jpg").touch()
    watcher, clock, known = make(tmp_path, scan_seconds=1000)
    seen: list[Path] = []
    while len(seen) < 5:  # the backlog is being worked on
        path = watcher.next_file()
        if path is None:
            clock.now += 0.1
        else:
            seen.append(path)
            known.files.add((path, Fingerprint.at(path)))
    new = tmp_path / "zzz-new.jpg"
    new.touch()
    watcher.notice(new)
    clock.now += 0.5
    assert watcher.next_file() == new
    assert watcher.waiting <= BACKLOG_LIMIT + SCAN_SLICE
    rest = drain(watcher, clock, 60.0)
    assert len(seen) + len(rest) == 10_000 + rest.count(new)
    assert len({*seen, *rest} - {new}) == 10_000


def test_missing_folder_is_an_alarm_until_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    watcher, clock, _ = make(folder)
    assert drain(watcher, clock, 3.0) == []
    assert any(str(folder) in alarm for alarm in watcher.alarms)
    folder.mkdir()
    (folder / "a.jpg").touch()
    assert drain(watcher, clock, 5.0) == [folder / "a.jpg"]
    assert watcher.alarms == []
    shutil.rmtree(folder)
    assert drain(watcher, clock, 3.0) == []
    assert len(watcher.alarms) == 1


def test_waiting_time_is_that_of_the_next_thing_to_do(tmp_path: Path) -> None:
    watcher, clock, _ = make(tmp_path)
    drain(watcher, clock, 1.0)
    assert 0.5 < watcher.seconds_to_wait() <= 2.0
    watcher.notice(tmp_path / "a.jpg")
    assert watcher.seconds_to_wait() <= 0.5
    clock.now += 100
    assert watcher.seconds_to_wait() == 0.0
