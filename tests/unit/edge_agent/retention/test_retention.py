"""edge_agent.retention.retention."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import RetentionSection
from edge_agent.retention.retention import Release, Released, Retention, StoredFile, move
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes

CONTENT = b"an image's bytes"
PAYLOAD = sha256_of_bytes(b"what was sent")


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "captures" / "tray 1" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def release(original: Path, policy: str, receipt: str = PAYLOAD, **more: Any) -> Released:
    folder = original.parent.parent
    rules = RetentionSection(policy=policy, archive_dir=folder.parent / "archive", **more)
    stored = StoredFile(original, sha256_of_bytes(CONTENT), PAYLOAD, receipt)
    return Retention(rules, (folder,)).release(stored)


def test_keep_touches_nothing(original: Path) -> None:
    assert release(original, "keep") == Released(Release.KEPT, original)
    assert original.read_bytes() == CONTENT


def test_delete_after_the_right_receipt(original: Path) -> None:
    assert release(original, "delete").release is Release.DELETED
    assert not original.exists()


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_nothing_happens_without_the_right_receipt(original: Path, policy: str) -> None:
    outcome = release(original, policy, receipt=sha256_of_bytes(b"something else"))
    assert outcome.release is Release.LEFT
    assert "receipt" in str(outcome.reason)
    assert original.read_bytes() == CONTENT


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_nothing_happens_to_a_file_that_changed(original: Path, policy: str) -> None:
    original.write_bytes(CONTENT + b"!")
    outcome = release(original, policy)
    assert outcome.release is Release.LEFT
    assert "changed" in str(outcome.reason)
    assert original.exists()


def test_second_time_says_that_it_is_gone(original: Path) -> None:
    release(original, "delete")
    outcome = release(original, "delete")
    assert outcome.release is Release.LEFT
    assert "no longer there" in str(outcome.reason)


def test_move_keeps_the_place_within_the_watch_folder(original: Path, tmp_path: Path) -> None:
    outcome = release(original, "move")
    assert outcome == Released(Release.MOVED, tmp_path / "archive" / "tray 1" / "a.jpg")
    assert outcome.place is not None
    assert outcome.place.read_bytes() == CONTENT
    assert not original.exists()


def test_move_keeps_both_where_the_name_is_taken(original: Path) -> None:
    first = release(original, "move").place
    original.write_bytes(CONTENT)
    second = release(original, "move").place
    original.write_bytes(CONTENT)
    third = release(original, "move").place
    assert [place.name for place in (first, second, third) if place] == ["a.jpg", "a (2).jpg", "a (3).jpg"]
    assert all(place.read_bytes() == CONTENT for place in (first, second, third) if place)


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_own_sidecar_goes_along_and_a_shared_one_stays(original: Path, policy: str) -> None:
    own, shared = original.with_name("a.jpg.json"), original.with_name("a.json")
    own.write_text("{}")
    shared.write_text("{}")
    original.with_name("a.png").touch()
    release(original, policy)
    assert not own.exists()
    assert shared.exists()


@pytest.fixture
def other_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renames out of the watch folder answer as they do between two file systems."""
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.usefixtures("other_file_system")
def test_move_to_another_file_system(original: Path, tmp_path: Path) -> None:
    outcome = release(original, "move")
    assert outcome.place is not None
    assert outcome.place.read_bytes() == CONTENT
    assert not original.exists()
    assert list((tmp_path / "archive" / "tray 1").iterdir()) == [outcome.place]


@pytest.mark.usefixtures("other_file_system")
def test_copy_that_differs_is_thrown_away_and_the_original_stays(original: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    with pytest.raises(OSError, match="differs"):
        move(original, archive, expected_sha256=sha256_of_bytes(b"what was meant"))
    assert original.read_bytes() == CONTENT
    assert list(archive.iterdir()) == []


def test_archive_that_does_not_answer_is_transient(original: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file in place of the folder")
    with pytest.raises(TransientError, match="tried again"):
        release(original, "move")
    assert original.read_bytes() == CONTENT


def test_failed_rename_leaves_no_empty_file(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, _target: Path) -> Path:
        raise OSError(errno.EIO, "broken", str(self))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(TransientError):
        release(original, "move")
    assert list((tmp_path / "archive" / "tray 1").iterdir()) == []
    assert original.read_bytes() == CONTENT
