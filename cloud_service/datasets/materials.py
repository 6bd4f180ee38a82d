"""A data set as a folder with a manifest.csv, as training and evaluation read it, made from the blob store."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.queries import known_dataset
from cloud_service.errors import ConflictError
from cloud_service.ml.datasets.reading import MANIFEST_NAME
from cloud_service.models import DatasetImage
from shared.errors import PermanentError, TransientError
from shared.identifiers import sha256_of_bytes, sha256_of_file


class MaterialImage(BaseModel):
    """One labelled image, and where its bytes lie in the blob store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str  # below the folder, with /
    sha256: str
    is_all: bool
    group: str
    kind: str = "unnamed"
    class_name: str = ""
    capture_id: UUID | None = None


class MaterialOrder(BaseModel):
    """What a child process needs to know of a data set, which knows no database."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    number: int
    digest: str
    images: list[MaterialImage]


def order_of(session: Session, dataset_id: UUID) -> MaterialOrder:
    """The order for a version of a data set, to be written into a job's folder.

    Raises:
        NotFoundError: there is none with this id.
        ConflictError: it is removed.
    """
    dataset = known_dataset(session, dataset_id)
    if dataset.removed_at is not None:
        raise ConflictError(f"Version {dataset.number} of {dataset.name!r} is removed: name another one.")
    rows = session.scalars(
        select(DatasetImage).where(DatasetImage.dataset_id == dataset_id).order_by(DatasetImage.name)
    )
    images = [
        MaterialImage(
            name=row.name,
            sha256=row.sha256,
            is_all=row.is_all,
            group=row.group,
            kind=row.kind,
            class_name=row.class_name,
            capture_id=row.capture_id,
        )
        for row in rows
    ]
    return MaterialOrder(name=dataset.name, number=dataset.number, digest=dataset.digest, images=images)


def materialise(
    images: list[MaterialImage], blobs: BlobStore, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> Path:
    """Write images and their manifest.csv into a folder; goes on where an earlier attempt was stopped.

    Args:
        images: of a data set; their names lie below the folder.
        blobs: where the bytes are.
        folder: made where it is missing.
        progress: called with the number of images written so far.

    Returns:
        The folder, for `ml.datasets.reading.read_dataset`.

    Raises:
        PermanentError: an image is missing in the blob store, or altered there.
        TransientError: the blob store is away, or the disk is full.
    """
    root = folder.resolve()
    for number, image in enumerate(images, start=1):
        file = root / image.name
        if not file.resolve().is_relative_to(root):
            raise PermanentError(f"The image {image.name!r} lies outside its data set's folder.")
        try:
            _fetch(image, blobs, file)
        except FileNotFoundError as error:
            raise PermanentError(
                f"The image {image.name!r} ({image.sha256}) is missing in the blob store. Import the data set again."
            ) from error
        except OSError as error:
            raise TransientError(f"{image.name!r} cannot be written: {error.strerror}. Free some space.") from error
        progress(number)
    _write(root / MANIFEST_NAME, _manifest(images))
    return root


def _fetch(image: MaterialImage, blobs: BlobStore, file: Path) -> None:
    if file.is_file() and sha256_of_file(file) == image.sha256:
        return
    content = blobs.get(image.sha256)
    if sha256_of_bytes(content) != image.sha256:
        raise PermanentError(f"The image {image.name!r} ({image.sha256}) is altered in the blob store. Restore it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _manifest(images: list[MaterialImage]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("path", "label", "group", "kind", "subtype"))
    for image in images:
        label = "ALL" if image.is_all else "not_all"
        writer.writerow((image.name, label, image.group, image.kind, image.class_name))
    return text.getvalue().encode()


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise TransientError(f"{file.name} cannot be written: {error.strerror}. Free some space.") from error
