"""Data sets for tests of the API and the page: what a worker would write of them."""

import io
from typing import Any
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.report import (
    DatasetReport,
    ReportedClass,
    ReportedDuplicates,
    ReportedFile,
    ReportedGroups,
    ReportedPredictor,
    ReportedSize,
)
from cloud_service.datasets.service import tell
from cloud_service.models import Dataset, DatasetImport, now
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose
from shared.identifiers import sha256_of_bytes

SHORTCUT = "The background colour alone predicts the class with a balanced accuracy of 0.91 on groups held out."


def a_report(**changes: Any) -> DatasetReport:
    """What a dry run found of some cells: a copy with another label, a file that is no image, and a shortcut."""
    fields: dict[str, Any] = {
        "layout": "class-folders",
        "images": 1200,
        "with_all": 300,
        "without": 900,
        "classes": [
            ReportedClass(name="Benign", is_all=False, images=900),
            ReportedClass(name="Pro", is_all=True, images=300),
        ],
        "kinds": {"cell": 1200},
        "groups": ReportedGroups(count=60, smallest=1, median=18.0, largest=40, with_both_labels=2),
        "sizes": [ReportedSize(width=224, height=224, with_all=300, without=900)],
        "marked_blasts": 0,
        "unreadable": [ReportedFile(path="Pro/WBC-Malignant-Pro-001.jpg", reason="It is no image.")],
        "unreadable_count": 1,
        "duplicates": [
            ReportedDuplicates(
                likeness="exact",
                paths=["Benign/b.jpg", "Pro/b.jpg"],
                crosses_labels=True,
                crosses_classes=True,
                crosses_groups=True,
            )
        ],
        "duplicate_count": 1,
        "predictors": [
            ReportedPredictor(name="background colour", mixed=0.97, grouped=0.91, folds=5),
            ReportedPredictor(name="image size", mixed=0.5, grouped=0.5, folds=5),
        ],
        "shared": [],
        "shared_count": 0,
        "clashes": [],
        "clash_count": 0,
        "left_out": [],
        "warnings": [SHORTCUT],
        "digest": "a" * 64,
    }
    return DatasetReport.model_validate(fields | changes)


def a_sheet(blobs: BlobStore) -> str:
    """A picture such as a dry run draws, in the blob store; returns its digest."""
    buffer = io.BytesIO()
    Image.new("RGB", (600, 200), (210, 180, 215)).save(buffer, "PNG")
    digest = sha256_of_bytes(buffer.getvalue())
    blobs.put(digest, buffer.getvalue())
    return digest


def check_import(session: Session, blobs: BlobStore, import_id: UUID, **changes: Any) -> None:
    """Let an import's dry run end with `a_report`."""
    wanted = session.get_one(DatasetImport, import_id)
    wanted.state = DatasetImportState.CHECKED
    wanted.report, wanted.sheet_sha256 = a_report(**changes).model_dump(mode="json"), a_sheet(blobs)
    tell(session, wanted)


def refuse_import(session: Session, import_id: UUID, reason: str) -> None:
    """Let an import's dry run find that it cannot be used."""
    wanted = session.get_one(DatasetImport, import_id)
    wanted.state, wanted.reason, wanted.ended_at = DatasetImportState.REFUSED, reason, now()
    tell(session, wanted)


def end_import(session: Session, import_id: UUID, *, number: int = 1) -> UUID:
    """Let a confirmed import be kept as a data set; returns its id."""
    wanted = session.get_one(DatasetImport, import_id)
    dataset = add_dataset(
        session, name=wanted.name, number=number, purpose=wanted.purpose, site_id=wanted.site_id, report=wanted.report
    )
    wanted.state, wanted.dataset_id, wanted.ended_at = DatasetImportState.IMPORTED, dataset.id, now()
    tell(session, wanted)
    return dataset.id


def add_dataset(session: Session, **changes: Any) -> Dataset:
    """A version of the data set "cells", without the rows of its images."""
    fields: dict[str, Any] = {
        "id": uuid4(),
        "name": "cells",
        "number": 1,
        "purpose": DatasetPurpose.TRAINING,
        "digest": "a" * 64,
        "images": 1200,
        "positives": 300,
        "groups": 60,
        "report": a_report().model_dump(mode="json"),
        "created_by": "admin",
    }
    dataset = Dataset(**(fields | changes))
    session.add(dataset)
    session.flush()
    return dataset
