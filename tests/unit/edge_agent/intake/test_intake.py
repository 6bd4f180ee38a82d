"""edge_agent.intake.intake, step by step, with a clock moved by hand."""

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from edge_agent.config import WatchSection
from edge_agent.disk import DiskGuard
from edge_agent.intake.intake import LONGEST_RETRY_SECONDS, Intake
from edge_agent.intake.watcher import Watcher
from shared.errors import TransientError
from shared.vocabulary import RefusalKind
from tests.support.clock import HandClock
from tests.support.edge_intake import MemoryStore, jpeg, taking


class Bench:
    """An intake whose time, disk and outbox are in a test's hands."""

    def __init__(self, folder: Path, **rules: Any) -> None:
        self.clock = HandClock()
        self.store = MemoryStore()
        self.free = 10**9
        watcher = Watcher(WatchSection(folders=(folder,), scan_seconds=10), self.store.is_known, self.clock)
        guard = DiskGuard(folder, 10**6, lambda _: self.free)
        rules = rules or {"unidentified": "own-case"}
        self.intake = Intake(watcher, taking(None, **rules), self.store, guard, self.clock)

    def run(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            if not self.intake.step():
                self.clock.now += 0.1

    @property
    def paths(self) -> set[str]:
        return {capture.path.name for capture in self.store.captures.values()}


def test_good_files_are_taken_and_bad_ones_refused_beside_each_other(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(number))
    (tmp_path / "0-bad.jpg").write_bytes(b"no image")
    (tmp_path / "1-empty.jpg").touch()
    bench = Bench(tmp_path)
    bench.run(5)
    assert bench.paths == {"0.jpg", "1.jpg", "2.jpg"}
    assert {path.name for path in bench.store.refused} == {"0-bad.jpg", "1-empty.jpg"}
    status = bench.intake.status()
    assert (status.taken, status.refused, status.waiting, status.alarms) == (3, 2, 0, ())


def test_refused_file_is_not_opened_again_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no image")
    bench = Bench(tmp_path)
    bench.run(60)
    assert bench.intake.status().refused == 1
    path.write_bytes(jpeg())
    bench.run(15)
    assert bench.paths == {"a.jpg"}
    assert bench.store.refused == {}


def test_same_content_twice_is_one_capture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "b.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path)
    bench.run(5)
    assert len(bench.store.captures) == 1
    assert bench.intake.status().duplicates == 1
    assert bench.store.refused == {}


def test_same_content_for_another_accession_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A1_1.jpg").write_bytes(jpeg())
    (tmp_path / "B2_1.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path, accession_pattern=r"(?P<accession>\w\d)_\d")
    bench.run(5)
    assert bench.paths == {"A1_1.jpg"}
    (refusal,) = bench.store.refused.values()
    assert refusal.kind is RefusalKind.OTHER_ACCESSION
    assert "another accession" in refusal.reason
    assert "A1" not in refusal.reason


def test_image_waits_for_its_sidecar(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path, sidecar="required")
    bench.run(5)
    assert "no sidecar" in bench.store.refused[tmp_path / "a.jpg"].reason
    (tmp_path / "a.json").write_text('{"accession": "A1"')
    bench.run(12)
    assert "not JSON" in bench.store.refused[tmp_path / "a.jpg"].reason
    (tmp_path / "a.json").write_text('{"accession": "A1"}')
    bench.run(12)
    assert bench.paths == {"a.jpg"}
    assert bench.store.refused == {}


def test_passing_trouble_is_retried_with_growing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    (tmp_path / "b.jpg").write_bytes(jpeg(2))
    attempts: list[float] = []
    bench = Bench(tmp_path)
    real_open = Path.open

    def fail(self: Path, *arguments: Any) -> Any:
        if self != path:
            return real_open(self, *arguments)
        attempts.append(bench.clock.now)
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))

    monkeypatch.setattr(Path, "open", fail)
    bench.run(200)
    assert bench.paths == {"b.jpg"}
    assert [each[0] for each in bench.intake.status().retrying] == [path]
    assert 10 <= len(attempts) <= 40
    monkeypatch.undo()
    bench.run(LONGEST_RETRY_SECONDS + 2)
    assert bench.paths == {"a.jpg", "b.jpg"}
    assert bench.intake.status().retrying == ()


def test_outbox_that_does_not_answer_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path)
    bench.store.fail_with = TransientError("the outbox is busy")
    bench.run(5)
    assert bench.store.captures == {}
    bench.store.fail_with = None
    bench.run(15)
    assert bench.paths == {"a.jpg"}


def test_too_little_disk_stops_the_intake_until_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path)
    bench.free = 10
    bench.run(30)
    assert bench.store.captures == {}
    assert "free_disk_minimum_bytes" in bench.intake.status().alarms[0]
    bench.free = 10**9
    bench.run(5)
    assert bench.paths == {"a.jpg"}
    assert bench.intake.status().alarms == ()


@pytest.mark.parametrize("trouble", ["disk", "error"])
def test_lasting_trouble_does_not_spin(tmp_path: Path, trouble: str) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    bench = Bench(tmp_path)
    stop, looks = threading.Event(), []

    def free(_: Path) -> int:
        looks.append(time.monotonic())
        if len(looks) == 4:
            stop.set()
        if trouble == "error":
            raise OSError(errno.EIO, "the disk does not answer")
        return 0

    bench.intake._guard = DiskGuard(tmp_path, 1, free)
    bench.clock.now += 1000  # all is overdue
    bench.intake.run(stop)
    assert looks[-1] - looks[0] >= 1.4


def test_file_that_leads_nowhere_is_told_once_and_tried_for_ever(tmp_path: Path) -> None:
    link = tmp_path / "a.jpg"
    link.symlink_to(tmp_path / ".later")
    bench = Bench(tmp_path)
    bench.run(60)
    assert bench.intake.status().refused == 1
    (tmp_path / ".later").write_bytes(jpeg())
    bench.run(15)
    assert bench.paths == {"a.jpg"}


def test_logs_hold_neither_accession_nor_file_name(tmp_path: Path) -> None:
    (tmp_path / "SECRET1_1.jpg").write_bytes(jpeg())
    (tmp_path / "SECRET2_1.jpg").write_bytes(jpeg())
    (tmp_path / "SECRET.txt").write_text("SECRET")
    (tmp_path / "SECRET3_1.jpg").write_bytes(jpeg(3))
    (tmp_path / "SECRET3_1.json").write_text('{"accession": "SECRET3", "priority": "SECRET"}')
    bench = Bench(tmp_path, accession_pattern=r"(?P<accession>\w+)_\d")
    with structlog.testing.capture_logs() as logs:
        bench.run(5)
    assert len(logs) == 4
    assert "SECRET" not in repr(logs)
