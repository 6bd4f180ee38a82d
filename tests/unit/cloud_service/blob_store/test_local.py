"""What only the local folder has: its layout, its healing, its errors."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from cloud_service.blob_store import open_blob_store
from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from shared.errors import ConfigurationError, TransientError

IMAGE = b"pixels" * 50
DIGEST = sha256(IMAGE).hexdigest()


def test_captures_fan_out_by_their_digest(tmp_path: Path) -> None:
    LocalBlobStore(tmp_path).put(DIGEST, IMAGE)
    assert (tmp_path / "sha256" / DIGEST[:2] / DIGEST).read_bytes() == IMAGE
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_damaged_capture_is_written_anew(tmp_path: Path) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(DIGEST, IMAGE)
    (tmp_path / "sha256" / DIGEST[:2] / DIGEST).write_bytes(b"rotten")
    store.put(DIGEST, IMAGE)
    assert store.get(DIGEST) == IMAGE


def test_bytes_are_flushed_before_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalBlobStore(tmp_path)
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        steps.append("folder" if Path(f"/proc/self/fd/{handle}").resolve().is_dir() else "bytes")
        real_fsync(handle)

    def replace(source: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    store.put(DIGEST, IMAGE)
    assert steps[-3:] == ["bytes", "rename", "folder"]


def test_what_other_processes_take_away_meanwhile_holds_up_nobody(tmp_path: Path) -> None:
    """A link that leads nowhere is listed, and is not there when it is looked at: as a file that was just moved."""
    for folder in ("incoming", "staging"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / str(uuid4())).symlink_to("nowhere")
    store = LocalBlobStore(tmp_path)
    assert list(store.staged_captures()) == []


def test_half_written_captures_of_yesterday_are_dropped(tmp_path: Path) -> None:
    LocalBlobStore(tmp_path)
    old, fresh = tmp_path / "incoming" / "old", tmp_path / "incoming" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(old, (long_ago, long_ago))
    LocalBlobStore(tmp_path)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_disk_that_refuses_is_transient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalBlobStore(tmp_path)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space left"):
        store.put(DIGEST, IMAGE)
    monkeypatch.undo()
    assert not store.exists(DIGEST)
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_url_of_another_kind_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="SMEARFLOW_BLOB_URL"):
        open_blob_store(Settings(blob_url="ftp://host/folder"))
