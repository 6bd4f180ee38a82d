"""Reads of data sets and of imports, and how the API tells them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.datasets.report import DatasetReport
from cloud_service.datasets.schemas import DatasetDetail, DatasetImportDetail, DatasetImportView, DatasetView
from cloud_service.errors import NotFoundError
from cloud_service.models import Dataset, DatasetImport
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose, DatasetSource


def newest_imports(session: Session, limit: int) -> Sequence[DatasetImport]:
    """The imports, newest first."""
    newest_first = select(DatasetImport).order_by(DatasetImport.created_at.desc(), DatasetImport.id.desc())
    return session.scalars(newest_first.limit(limit)).all()


def known_import(session: Session, import_id: UUID, *, lock: bool = False) -> DatasetImport:
    """An import, locked on wish.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.get(DatasetImport, import_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFoundError(f"There is no import {import_id}; see `smearflow dataset imports`.")
    return found


def all_datasets(session: Session) -> Sequence[Dataset]:
    """Every version of every data set, removed ones too: by name, in it the newest version first."""
    return session.scalars(select(Dataset).order_by(Dataset.name, Dataset.number.desc())).all()


def known_dataset(session: Session, dataset_id: UUID, *, lock: bool = False) -> Dataset:
    """A version of a data set, locked on wish; removed ones too.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.get(Dataset, dataset_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFoundError(f"There is no data set {dataset_id}; see `smearflow dataset list`.")
    return found


def newest_version(session: Session, name: str) -> Dataset | None:
    """The newest version of a data set that is not removed; None where there is none."""
    versions = select(Dataset).where(Dataset.name == name, Dataset.removed_at.is_(None))
    return session.scalars(versions.order_by(Dataset.number.desc()).limit(1)).one_or_none()


def last_number(session: Session, name: str) -> int:
    """The number of the newest version of this name, removed or not; 0 before the first."""
    return session.scalar(select(func.max(Dataset.number)).where(Dataset.name == name)) or 0


def import_view(row: DatasetImport) -> DatasetImportView:
    """An import as lists and events tell it."""
    return DatasetImportView(
        id=row.id,
        name=row.name,
        purpose=DatasetPurpose(row.purpose),
        site=row.site_id,
        source=DatasetSource(row.source),
        file_name=row.file_name,
        layout=row.layout,
        state=DatasetImportState(row.state),
        reason=row.reason,
        dataset_id=row.dataset_id,
        created_by=row.created_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def import_detail(row: DatasetImport) -> DatasetImportDetail:
    """An import with its report."""
    report = DatasetReport.model_validate(row.report) if row.report else None
    return DatasetImportDetail(**dict(import_view(row)), report=report, has_sheet=row.sheet_sha256 is not None)


def dataset_view(row: Dataset) -> DatasetView:
    """A version of a data set as lists tell it."""
    return DatasetView(
        id=row.id,
        name=row.name,
        number=row.number,
        purpose=DatasetPurpose(row.purpose),
        site=row.site_id,
        digest=row.digest,
        images=row.images,
        positives=row.positives,
        groups=row.groups,
        created_by=row.created_by,
        created_at=row.created_at,
        removed_by=row.removed_by,
        removed_at=row.removed_at,
    )


def dataset_detail(row: Dataset) -> DatasetDetail:
    """A version of a data set with its report."""
    report = DatasetReport.model_validate(row.report)
    return DatasetDetail(**dict(dataset_view(row)), report=report, has_sheet=row.sheet_sha256 is not None)
