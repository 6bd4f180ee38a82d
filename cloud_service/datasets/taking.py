"""What the command line does beside the database: folders and archives of this machine, wake-up calls, waiting."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings, settings
from cloud_service.database import snapshot
from cloud_service.datasets import queries
from cloud_service.datasets.archives import Limits
from cloud_service.datasets.packing import pack
from cloud_service.datasets.schemas import DatasetImportDetail
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.vocabulary import DatasetImportState, DatasetSource
from cloud_service.wakeup import ChangeListener
from shared.identifiers import sha256_of_file

_POLL_SECONDS = 2.0
_LONGEST_NAME = 300  # as the database keeps it


class Taken(TypedDict):
    """An archive that lies in the blob store, and where it came from."""

    archive_sha256: str
    file_name: str
    source: DatasetSource


def take(source: Path, blobs: BlobStore, limits: Settings) -> Taken:
    """Put an archive into the blob store, or a folder, packed into one.

    Raises:
        DatasetError: there is no such file or folder, or more in it than is taken.
        TransientError: the disk is full, or the blob store is away.
    """
    if source.is_dir():
        with tempfile.TemporaryDirectory(prefix="smearflow-folder-") as folder:
            archive = Path(folder) / "data.tar"
            pack(source, archive, Limits(limits.dataset_max_entries, limits.dataset_max_bytes))
            return _put(archive, source, DatasetSource.FOLDER, blobs)
    if not source.is_file():
        raise DatasetError(f"There is no file or folder {source}.")
    if source.stat().st_size > limits.dataset_archive_max_bytes:
        raise DatasetError(
            f"The archive {source} has more than {limits.dataset_archive_max_bytes:,} bytes, the most that is taken. "
            "Divide it, or raise SMEARFLOW_DATASET_ARCHIVE_MAX_BYTES."
        )
    return _put(source, source, DatasetSource.ARCHIVE, blobs)


def ended(import_id: UUID) -> DatasetImportDetail:
    """An import once its job has ended: checked, kept or refused. It waits as long as that takes."""
    with closing(ChangeListener(settings().redis_url.get_secret_value())) as listener:
        while (found := detail(import_id)).state in (DatasetImportState.WAITING, DatasetImportState.IMPORTING):
            listener.wait(_POLL_SECONDS)
    return found


def detail(import_id: UUID) -> DatasetImportDetail:
    """An import as it stands now, with its report."""
    with snapshot() as session:
        return queries.import_detail(queries.known_import(session, import_id))


def _put(archive: Path, shown_as: Path, source: DatasetSource, blobs: BlobStore) -> Taken:
    sha256 = sha256_of_file(archive)
    blobs.put_file(sha256, archive)
    return Taken(archive_sha256=sha256, file_name=shown_as.resolve().name[:_LONGEST_NAME], source=source)
