"""The check of the archive: each stored capture has its blob, each blob its digest, and none is nobody's."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.models import KEPT, Capture
from shared.identifiers import sha256_of_bytes
from shared.vocabulary import CaptureState


@dataclass(slots=True)
class ArchiveReport:
    """What was found. Missing and altered blobs are damage; an orphan is only room that is wasted."""

    captures: int = 0
    blobs: int = 0
    missing: list[str] = field(default_factory=list)  # ids of captures without a blob
    altered: list[str] = field(default_factory=list)  # digests whose blob holds other bytes
    orphans: list[str] = field(default_factory=list)  # digests of blobs without a capture

    @property
    def damaged(self) -> bool:
        """Whether bytes that were promised are not there."""
        return bool(self.missing or self.altered)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"damaged": self.damaged, **asdict(self)}


def check_archive(engine: Engine, blob_store: BlobStore) -> ArchiveReport:
    """Read every blob and compare. Ingest may go on meanwhile: what is stored during the check is no orphan.

    Raises:
        TransientError: the blob store is away.
    """
    report = ArchiveReport()
    digests = sorted(blob_store.digests())  # first the blobs, then the rows: a blob is written before its row
    for sha256 in digests:
        report.blobs += 1
        if sha256_of_bytes(blob_store.get(sha256)) != sha256:
            report.altered.append(sha256)
    with snapshot(engine) as session:
        rows = session.execute(select(Capture.id, Capture.sha256, Capture.state)).all()
    there = set(digests)
    for capture_id, sha256, state in rows:
        if state in KEPT:
            report.captures += 1
            if sha256 not in there and not blob_store.exists(sha256):
                report.missing.append(str(capture_id))
    # One that is only announced may be between its blob and its commit.
    wanted = {sha256 for _, sha256, state in rows if state in KEPT or state == CaptureState.ANNOUNCED}
    report.orphans = [sha256 for sha256 in digests if sha256 not in wanted]
    return report
