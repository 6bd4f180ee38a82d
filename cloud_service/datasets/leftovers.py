"""Archives whose imports have ended: they may be gigabytes, and nobody reads them again."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from cloud_service.blob_store import BlobStore
from cloud_service.models import Capture, Dataset, DatasetImage, DatasetImport, ModelVersion, Report, now

KEPT_FOR: Final = timedelta(hours=1)
"""So long after the end of an import its archive stays at least: somebody may be sending the same one again at this
moment. It goes when the next import is checked."""


def drop_archives(session: Session, blobs: BlobStore) -> int:
    """Remove the archives of imports that have ended from the blob store, unless something else needs them.

    What is removed although the transaction is rolled back later is removed again: that does no harm.

    Returns:
        Of how many imports.
    """
    ended = (DatasetImport.archive_sha256.is_not(None), DatasetImport.ended_at < now() - KEPT_FOR)
    dropped = session.scalars(select(DatasetImport).where(*ended, ~_is_needed())).all()
    for wanted in dropped:
        assert wanted.archive_sha256 is not None  # noqa: S101 - it was asked for
        blobs.delete(wanted.archive_sha256)
        wanted.archive_sha256 = None
    session.flush()
    return len(dropped)


def _is_needed() -> ColumnElement[bool]:
    """Whether an archive is also another import's, or known by another name: a model's package may have been sent."""
    sha256, other = DatasetImport.archive_sha256, aliased(DatasetImport)
    lately = or_(other.ended_at.is_(None), other.ended_at >= now() - KEPT_FOR)
    names = (
        Capture.sha256,
        Report.pdf_sha256,
        Dataset.sheet_sha256,
        DatasetImage.sha256,
        ModelVersion.package_sha256,
        aliased(DatasetImport).sheet_sha256,
    )
    return or_(
        exists().where(other.archive_sha256 == sha256, lately), *(exists().where(name == sha256) for name in names)
    )
