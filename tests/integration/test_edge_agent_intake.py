"""The intake with the system's real file events, in its own thread; the outbox is in memory."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.config import WatchSection
from edge_agent.disk import DiskGuard
from edge_agent.intake.capture import Fingerprint, PreparedCapture, PutOutcome, Refusal
from edge_agent.intake.intake import Intake
from edge_agent.intake.watcher import Watcher
from shared.vocabulary import RefusalKind
from tests.support.edge_intake import MemoryStore, encoded, field_image, jpeg, taking
from tests.support.waiting import PATIENCE

NEVER_SCAN = 86_400.0  # after the first scan, at the start


class Running:
    """An intake at work, whose outbox says when something has changed."""

    def __init__(self, folder: Path, scan_seconds: float = NEVER_SCAN) -> None:
        self.memory = MemoryStore()
        self.order: list[str] = []
        self._changed = threading.Condition()
        rules = WatchSection(folders=(folder,), settle_seconds=0.1, scan_seconds=scan_seconds)
        self.intake = Intake(
            Watcher(rules, self.is_known, time.monotonic),
            taking(None, unidentified="own-case"),
            self,
            DiskGuard(folder.parent, 0),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.intake.run, args=(self._stop,))
        self._thread.start()

    def put(self, capture: PreparedCapture) -> PutOutcome:
        with self._changed:
            outcome = self.memory.put(capture)
            self.order.append(capture.path.name)
            self._changed.notify_all()
        return outcome

    def refuse(self, refusal: Refusal) -> None:
        with self._changed:
            self.memory.refuse(refusal)
            self._changed.notify_all()

    def is_known(self, path: Path, fingerprint: Fingerprint) -> bool:
        return self.memory.is_known(path, fingerprint)

    def wait_until(self, condition: Callable[[], object]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), (self.order, self.memory.refused, self.intake.status())

    def wait_for(self, *names: str) -> None:
        self.wait_until(lambda: set(names) <= set(self.order))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[Running] = []

    def start_one(folder: Path, scan_seconds: float = NEVER_SCAN) -> Running:
        running.append(Running(folder, scan_seconds))
        return running[-1]

    yield start_one
    for each in running:
        each.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "captures"
    path.mkdir()
    return path


@pytest.fixture
def watched(folder: Path, start: Start) -> Running:
    """An intake whose first scan is over, so that events alone bring files."""
    (folder / "first.jpg").write_bytes(jpeg(1000))
    running = start(folder)
    running.wait_for("first.jpg")
    return running


def test_saved_renamed_moved_and_nested_files_are_noticed(watched: Running, folder: Path, tmp_path: Path) -> None:
    (folder / "saved.jpg").write_bytes(jpeg(1))
    (folder / "draft.tmp").write_bytes(jpeg(2))
    (folder / "draft.tmp").rename(folder / "renamed.jpg")
    (tmp_path / "outside.jpg").write_bytes(jpeg(3))
    (tmp_path / "outside.jpg").rename(folder / "moved in.jpg")
    (folder / "tray").mkdir()
    (folder / "tray" / "nested.jpg").write_bytes(jpeg(4))
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "carried.jpg").write_bytes(jpeg(5))
    (tmp_path / "tree").rename(folder / "tree")
    watched.wait_for("saved.jpg", "renamed.jpg", "moved in.jpg", "nested.jpg", "carried.jpg")
    assert watched.memory.refused == {}


def test_file_written_piece_by_piece_is_taken_once_and_whole(watched: Running, folder: Path) -> None:
    data = encoded(field_image(7, (640, 480)), "PNG")
    with (folder / "slow.png").open("wb") as file:
        for start_at in range(0, len(data), 4096):
            file.write(data[start_at : start_at + 4096])
            file.flush()
    watched.wait_for("slow.png")
    payloads = [c.payload.read() for c in watched.memory.captures.values() if c.path.name == "slow.png"]
    assert payloads == [data]
    assert watched.order.count("slow.png") == 1


def test_bad_files_are_refused_beside_good_ones(watched: Running, folder: Path) -> None:
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not an image")
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "línea\nnueva 血.jpg").write_bytes(jpeg(8))
    watched.wait_until(lambda: len(watched.memory.refused) == 4)
    watched.wait_for("línea\nnueva 血.jpg")
    assert {path.name: refusal.kind for path, refusal in watched.memory.refused.items()} == {
        "empty.jpg": RefusalKind.EMPTY,
        "text.jpg": RefusalKind.NOT_AN_IMAGE,
        "folder.jpg": RefusalKind.NOT_A_FILE,
        "pipe.jpg": RefusalKind.NOT_A_FILE,
    }


def test_late_sidecar_brings_its_image_back(watched: Running, folder: Path) -> None:
    sidecar, image = folder / "a.json", folder / "a.jpg"
    sidecar.write_text("{")
    image.write_bytes(jpeg(9))
    watched.wait_until(lambda: image in watched.memory.refused)
    sidecar.write_text('{"accession": "A9"}')
    watched.wait_for("a.jpg")
    assert image not in watched.memory.refused


def test_watch_folder_may_come_late_vanish_and_come_back(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "share"
    running = start(folder)
    folder.mkdir()
    (folder / "late.jpg").write_bytes(jpeg(1))
    running.wait_for("late.jpg")
    shutil.rmtree(folder)
    folder.mkdir()  # at once, so that it may well get the inode of the old one
    (folder / "back.jpg").write_bytes(jpeg(2))
    running.wait_for("back.jpg")
    (folder / "next.jpg").write_bytes(jpeg(3))
    running.wait_for("next.jpg")


def test_new_file_overtakes_the_backlog(folder: Path, start: Start) -> None:
    for number in range(1500):
        (folder / f"old-{number:04}.jpg").write_bytes(jpeg(number))
    running = start(folder)
    running.wait_until(lambda: len(running.order) >= 20)
    (folder / "zzz-new.jpg").write_bytes(jpeg(5000))
    running.wait_for("zzz-new.jpg")
    assert running.order.index("zzz-new.jpg") < 1000
    assert running.order[:20] == [f"old-{number:04}.jpg" for number in range(20)]
