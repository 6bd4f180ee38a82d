"""The check of the archive: all that is kept has its blob, each blob its digest, and none is nobody's."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot
from cloud_service.models import KEPT, Capture, Dataset, DatasetImage, DatasetImport, ModelVersion, Report
from shared.identifiers import sha256_of_bytes
from shared.vocabulary import CaptureState


@dataclass(slots=True)
class ArchiveReport:
    """What was found. Missing and altered blobs are damage; an orphan is only room that is wasted."""

    captures: int = 0
    reports: int = 0
    blobs: int = 0
    dataset_images: int = 0
    packages: int = 0  # of models
    missing: list[str] = field(default_factory=list)  # ids of captures and reports, images of data sets, models
    altered: list[str] = field(default_factory=list)  # digests whose blob holds other bytes
    orphans: list[str] = field(default_factory=list)  # digests of blobs that nothing names

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
        images, packages, beside = _of_data_sets(session), _of_models(session), _beside(session)
    there = set(digests)
    kept = [(capture_id, sha256) for capture_id, sha256, state in rows if state in KEPT]
    report.captures, report.reports = len(kept), len(signed)
    report.dataset_images, report.packages = len(images), len(packages)
    for owner, sha256 in (*kept, *signed, *images, *packages):
        if sha256 not in there and not blob_store.exists(sha256):
            report.missing.append(str(owner))
    # One that is only announced may be between its blob and its commit.
    wanted = {sha256 for _, sha256, state in rows if state in KEPT or state == CaptureState.ANNOUNCED}
    wanted |= {sha256 for _, sha256 in (*signed, *images, *packages)} | beside
    report.orphans = [sha256 for sha256 in digests if sha256 not in wanted]
    return report


def _of_data_sets(session: Session) -> list[tuple[str, str]]:
    """The images of data sets, removed ones too, each with its digest."""
    held = select(Dataset.name, Dataset.number, DatasetImage.name, DatasetImage.sha256)
    held = held.join(DatasetImage, DatasetImage.dataset_id == Dataset.id)
    return [(f"version {number} of {name!r}: {image}", sha256) for name, number, image, sha256 in session.execute(held)]


def _of_models(session: Session) -> list[tuple[str, str]]:
    """The packages of models, each with its digest; versions that answered before packages were kept have none."""
    held = select(ModelVersion.digest, ModelVersion.package_sha256)
    return [(f"model {digest}", sha256) for digest, sha256 in session.execute(held) if sha256]


def _beside(session: Session) -> set[str]:
    """Digests of what may be missing without damage: pictures of data sets, and archives that were sent."""
    found = (Dataset.sheet_sha256, DatasetImport.sheet_sha256, DatasetImport.archive_sha256)
    return {sha256 for column in found for sha256 in session.scalars(select(column)) if sha256}
