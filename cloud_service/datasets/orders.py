"""What the worker and a job's own process tell each other of an import, as files in the job's folder."""

from pathlib import Path
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.materials import MaterialImage
from cloud_service.datasets.report import DatasetReport
from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.vocabulary import DatasetSource
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes

OPPOSED_NAME = "opposed.npz"
"""The images that the new data set must not share."""
SIGNED_NAME = "signed.npz"
"""The patterns of images with a signed label, where they are known; their names are those of captures."""
FOUND_NAME = "found.npz"
"""The new data set's own images."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, file: Path) -> Self:
        """What `write` wrote."""
        return cls.model_validate_json(file.read_bytes())

    def write(self, file: Path) -> None:
        """Write it, whole or not at all."""
        write_whole(file, self.model_dump_json().encode())


class SignedLabel(_Told):
    """What the signed report of a case says of an image."""

    capture_id: UUID
    case_id: UUID
    is_all: bool
    sha256s: tuple[str, ...]  # of the capture, and of the file that the workstation made it from


class ImportOrder(_Told):
    """What is to be checked or kept."""

    name: str
    shown_as: str  # what errors call it: the archive's name, where it has one
    source: DatasetSource
    layout: Layout | None  # None: recognised
    archive_sha256: str | None  # of the archive, or of the choice among signed images that the dry run has made
    images: list[MaterialImage] = []  # of signed cases, for the dry run to choose among
    left_out: list[str] = []  # and which were left out so far, and why
    most_entries: int
    most_bytes: int
    signed: list[SignedLabel]
    compared_with: list[UUID]  # the data sets whose images it must not share
    digest: str | None  # that the dry run found; None: this is the dry run

    @property
    def is_of_signed_cases(self) -> bool:
        """Whether the software chose its images, and may leave some out; a person's archive is taken whole."""
        return self.source is DatasetSource.SIGNED_CASES


class FoundImage(MaterialImage):
    """An image of the new data set."""

    byte_size: int


class ImportOutcome(_Told):
    """What came of it; beside it lies FOUND_NAME, in the same order."""

    layout: Layout
    digest: str
    refused: str | None  # why it cannot be used
    images: list[FoundImage]
    report: DatasetReport | None = None  # of the dry run, and the rest too
    sheet_sha256: str | None = None
    choice_sha256: str | None = None


_Choice = TypeAdapter(list[MaterialImage])


def keep_choice(images: list[MaterialImage], blobs: BlobStore) -> str:
    """Keep in the blob store which signed images were chosen; returns where."""
    content = _Choice.dump_json(images)
    blobs.put(sha256_of_bytes(content), content)
    return sha256_of_bytes(content)


def kept_choice(sha256: str, blobs: BlobStore) -> list[MaterialImage]:
    """What `keep_choice` kept.

    Raises:
        PermanentError: it is no longer there, or altered.
    """
    try:
        return _Choice.validate_json(blobs.get(sha256))
    except (FileNotFoundError, ValidationError) as error:
        raise PermanentError(
            f"The list of the chosen images ({sha256}) is missing in the blob store, or altered. Begin the import anew."
        ) from error
