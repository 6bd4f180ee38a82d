"""Data sets in the API: on their way in, kept, and what signed cases offer for the next one."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cloud_service.datasets.report import DatasetReport
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose, DatasetSource
from cloud_service.web.schemas import ApiModel, ApiRequest, Moment
from shared.identifiers import SlugId

DatasetName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]
"""What people call a data set; its versions share it."""


class DatasetImportView(ApiModel):
    """A data set on its way in, without its report."""

    id: UUID
    name: str
    purpose: DatasetPurpose
    site: str | None
    """Whose images a locked test set holds; null: of all sites."""
    source: DatasetSource
    file_name: str | None
    layout: str | None
    state: DatasetImportState
    reason: str | None
    """Why it was refused, or why it could not be kept this time."""
    dataset_id: UUID | None
    """Of the version that came of it."""
    created_by: str
    created_at: datetime
    ended_at: datetime | None


class DatasetImportDetail(DatasetImportView):
    """A data set on its way in, with the report of the dry run."""

    report: DatasetReport | None
    """Null before the dry run has ended."""
    has_sheet: bool
    """Whether there is a picture of some of the images."""


class NewSignedImport(ApiRequest):
    """The wish for a data set of the images of signed cases."""

    name: DatasetName
    purpose: DatasetPurpose = DatasetPurpose.TRAINING
    site: SlugId | None = None
    """Cases of this site alone."""
    since: Moment | None = None
    """Cases signed then or later."""


class DatasetView(ApiModel):
    """One version of a data set, without its report."""

    id: UUID
    name: str
    number: int
    """The version, from 1."""
    purpose: DatasetPurpose
    site: str | None
    digest: str
    """SHA-256 over names, labels, groups and contents."""
    images: int
    positives: int
    """Images with ALL."""
    groups: int
    created_by: str
    created_at: datetime
    removed_by: str | None
    removed_at: datetime | None


class DatasetDetail(DatasetView):
    """One version of a data set."""

    report: DatasetReport
    has_sheet: bool


class CandidateFate(StrEnum):
    """What became of an image of a signed case."""

    WAITING = "waiting"  # it has a label, and no data set holds it yet
    USED = "used"  # a data set holds it
    EXCLUDED = "excluded"  # it has no label; the words say why


class LabelCandidateView(ApiModel):
    """What a signed report says of one image, and what became of that."""

    capture_id: UUID
    case_id: UUID
    site: str
    is_all: bool | None
    """The label; null: there is none."""
    fate: CandidateFate
    words: str
    """The fate in a sentence or two."""
    signed_at: datetime


class LabelCandidates(ApiModel):
    """A page of candidates, the newest signature first."""

    candidates: list[LabelCandidateView]
    next: str | None
    """What to ask for the next page with, as `after`; null at the end."""
