"""Data sets in the cloud: how they come in, what they hold, and what signed cases offer for the next one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint, event, inspect
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from cloud_service.vocabulary import DatasetImportState


class DatasetImport(Base):
    """A data set on its way in: checked first, and kept only once a person has read the report."""

    __tablename__ = "dataset_import"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    purpose: Mapped[str] = mapped_column(String(16))  # DatasetPurpose
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"))  # of a locked test set; None: overall
    source: Mapped[str] = mapped_column(String(16))  # DatasetSource
    file_name: Mapped[str | None] = mapped_column(String(300))  # of the archive, as its sender calls it
    archive_sha256: Mapped[str | None] = mapped_column(String(64))  # where it lies in the blob store
    layout: Mapped[str | None] = mapped_column(String(16))  # None: recognised
    state: Mapped[str] = mapped_column(String(16), default=DatasetImportState.WAITING, index=True)
    reason: Mapped[str | None] = mapped_column(String(2000))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # the dry run's
    sheet_sha256: Mapped[str | None] = mapped_column(String(64))  # a picture of some of the images, in the blob store
    dataset_id: Mapped[UUID | None] = mapped_column(ForeignKey("dataset.id"))
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class Dataset(Base):
    """One version of a data set. It never changes; it can be removed as long as no run needs it."""

    __tablename__ = "dataset"
    __table_args__ = (UniqueConstraint("name", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]  # the version, from 1
    purpose: Mapped[str] = mapped_column(String(16))
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    digest: Mapped[str] = mapped_column(String(64), index=True)  # over names, labels, groups and contents
    images: Mapped[int]
    positives: Mapped[int]  # images with ALL
    groups: Mapped[int]
    report: Mapped[dict[str, Any]]
    sheet_sha256: Mapped[str | None] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    removed_by: Mapped[str | None] = mapped_column(String(100))
    removed_at: Mapped[datetime | None]


class DatasetImage(Base):
    """A labelled image of a data set; its bytes lie in the blob store under `sha256`."""

    __tablename__ = "dataset_image"

    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("dataset.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(500), primary_key=True)  # below the data set's folder, with /
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    byte_size: Mapped[int] = mapped_column(BigInteger)
    is_all: Mapped[bool]
    group: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(32))
    class_name: Mapped[str] = mapped_column(String(200))
    pattern: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # `ml.datasets.fingerprints`: (16, 16) float32
    capture_id: Mapped[UUID | None] = mapped_column(ForeignKey("capture.id"), index=True)  # of a signed case


class LabelCandidate(Base):
    """What a signed report says of one image: a label for training, or the reason why there is none.

    Written with the signature, and anew with an amendment. Whether it was used is told by `dataset_image`.
    """

    __tablename__ = "label_candidate"

    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"))
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    is_all: Mapped[bool | None]  # None: it is excluded
    excluded_because: Mapped[str | None] = mapped_column(String(500))
    signed_at: Mapped[datetime] = mapped_column(index=True)


@event.listens_for(Dataset, "before_update")
def _refuse_change(_mapper: object, _connection: object, dataset: Dataset) -> None:
    changed = {attribute.key for attribute in inspect(dataset).attrs if attribute.history.has_changes()}
    if changed - {"removed_by", "removed_at"}:
        raise TypeError(f"Version {dataset.number} of {dataset.name!r} never changes. Import another one.")


@event.listens_for(Dataset, "before_delete")
def _refuse_deletion(_mapper: object, _connection: object, dataset: Dataset) -> None:
    raise TypeError(
        f"Version {dataset.number} of {dataset.name!r} stays known, since models may come of it. Remove it."
    )


@event.listens_for(DatasetImage, "before_update")
@event.listens_for(DatasetImage, "before_delete")
def _refuse_change_of_image(_mapper: object, _connection: object, image: DatasetImage) -> None:
    raise TypeError(f"The image {image.name!r} belongs to a version of a data set, which never changes.")
