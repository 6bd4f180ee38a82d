"""The sweep and the check of the archive."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot, transaction
from cloud_service.ingest import sweep as sweeping
from cloud_service.ingest.archive import check_archive
from cloud_service.ingest.processor import Processor
from cloud_service.ingest.sweep import sweep
from cloud_service.models import StagedPart, now
from shared.identifiers import sha256_of_bytes
from tests.support.device_side import TestDevice, noise_image


def test_parts_that_nobody_announced_go_after_a_day(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced, never = device.capture(noise_image(1)), device.capture(noise_image(2))
    processor.process([announced.announce(), announced.part(0), never.part(0)])
    assert sweep(engine, blobs) == 0
    with transaction(engine) as session:
        session.execute(update(StagedPart).values(arrived_at=now() - timedelta(days=2)))
    monkeypatch.setattr(sweeping, "UNANNOUNCED_FOR", timedelta(seconds=-1))  # as if a day had passed
    assert sweep(engine, blobs) == 1
    assert [capture_id for capture_id, _ in blobs.staged_captures()] == [announced.id]
    with snapshot(engine) as session:
        assert session.scalars(select(StagedPart.capture_id)).all() == [announced.id]


def test_a_sound_archive_is_no_damage(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice
) -> None:
    captures = [device.capture(noise_image(seed)) for seed in range(3)]
    for capture in captures:
        processor.process(capture.messages())
    report = check_archive(engine, blobs)
    assert (report.captures, report.blobs, report.damaged, report.orphans) == (3, 3, False, [])


def test_missing_altered_and_orphaned_blobs_are_found(
    processor: Processor, engine: Engine, blobs: BlobStore, device: TestDevice, tmp_path: Path
) -> None:
    missing, altered = device.capture(noise_image(1)), device.capture(noise_image(2))
    processor.process([*missing.messages(), *altered.messages()])
    orphan = sha256_of_bytes(b"nobody's")
    blobs.put(orphan, b"nobody's")
    blobs.delete(missing.manifest.sha256)
    digest = altered.manifest.sha256
    (tmp_path / "blobs" / "sha256" / digest[:2] / digest).write_bytes(b"rotten")
    report = check_archive(engine, blobs)
    assert (report.missing, report.altered, report.orphans) == ([str(missing.id)], [digest], [orphan])
    assert report.as_json()["damaged"] is True
