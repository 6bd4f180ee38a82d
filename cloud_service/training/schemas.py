"""What the API tells of the jobs of the training queue, and what a job's process tells of its work."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.ml.training.epochs import EpochRecord
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from cloud_service.web.schemas import ApiModel

__all__ = ["EpochRecord", "TrainingJobSummary", "TrainingJobView", "TrainingProgress"]


class TrainingProgress(ApiModel):
    """How far a job is; what does not apply to its kind is null."""

    phase: Annotated[str, Field(max_length=100, examples=["Reading images"])]
    """What is being done now, for people."""
    done: Annotated[int, Field(ge=0)] | None = None
    """So many steps of the phase, say images read or steps of the epoch."""
    total: Annotated[int, Field(ge=0)] | None = None
    """Of so many."""
    epoch: int | None = None
    """The one under way, from 1."""
    epochs: int | None = None
    """At most so many."""
    loss: float | None = None
    """The newest training loss."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Others, by name, say `validation_accuracy`."""
    images_per_second: float | None = None
    seconds_left: float | None = None
    """An estimate for the whole job."""


class TrainingJobSummary(ApiModel):
    """A job of the training queue: to check or import a data set, to train, to assess a model."""

    id: UUID
    kind: TrainingJobKind
    subject: str
    """Id of an import, of a recipe, or of a model (its digest)."""
    subject_name: str | None
    """What people call that; null where it is no longer there."""
    state: TrainingJobState
    attempts: int
    """How often a worker has begun with it since it last came an epoch further."""
    worker: str | None
    """Who works on it now."""
    is_cancelling: bool
    """Somebody wants it to end, and it has not yet."""
    progress: TrainingProgress | None
    reason: str | None
    """Why it failed, was cancelled, or is to be tried again."""
    not_before: AwareDatetime
    """A waiting job is not begun earlier."""
    created_by: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    """Of the first attempt."""
    ended_at: AwareDatetime | None


class TrainingJobView(TrainingJobSummary):
    """A job with all that is known of it."""

    parameters: dict[str, Any]
    """What else its kind needs to know, fixed when the job was made."""
    result: dict[str, Any] | None
    """What came of it, by kind."""
    epochs: list[EpochRecord]
    """Those that have ended, in order."""
    log_tail: str
    """The last lines that it wrote."""
