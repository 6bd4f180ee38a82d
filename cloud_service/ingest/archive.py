"""The check of the archive: each stored capture and report has its blob, each blob its digest, none is nobody's."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.models import KEPT, Capture, Report
from shared.identifiers import sha256_of_bytes
from shared.vocabulary import CaptureState


@dataclass(slots=True)
class ArchiveReport:
    """What was found. Missing and altered blobs are damage; an orphan is only room that is wasted."""

    captures: int = 0
    reports: int = 0
    blobs: int = 0
    missing: list[str] = field(default_factory=list)  # ids of captures and reports without a blob
    altered: list[str] = field(default_factory=list)  # digests whose blob holds other bytes
    orphans: list[str] = field(default_factory=list)  # digests of blobs of no capture and no report

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
        signed = session.execute(select(Report.id, Report.pdf_sha256)).all()
    there = set(digests)
    kept = [(capture_id, sha256) for capture_id, sha256, state in rows if state in KEPT]
    report.captures, report.reports = len(kept), len(signed)
    for owner, sha256 in (*kept, *signed):
        if sha256 not in there and not blob_store.exists(sha256):
            report.missing.append(str(owner))
    # One that is only announced may be between its blob and its commit.
    wanted = {sha256 for _, sha256, state in rows if state in KEPT or state == CaptureState.ANNOUNCED}
    wanted |= {sha256 for _, sha256 in signed}
    report.orphans = [sha256 for sha256 in digests if sha256 not in wanted]
    return report
