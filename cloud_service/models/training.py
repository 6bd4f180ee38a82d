"""Recipes, and the jobs of the training queue: long work that a worker does in a process of its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from cloud_service.vocabulary import TrainingJobState


class TrainingRecipe(Base):
    """One version of a recipe: everything that, with the software, decides what a training returns. Never changed."""

    __tablename__ = "training_recipe"
    __table_args__ = (UniqueConstraint("name", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]  # the version, from 1
    document: Mapped[dict[str, Any]]  # a RecipeDocument
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)


class TrainingJob(Base):
    """Long work: to check or import a data set, to train, to assess a model. Celery's messages only point here."""

    __tablename__ = "training_job"
    __table_args__ = (Index("ix_training_job_claim", "state", "not_before", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # TrainingJobKind
    subject: Mapped[str] = mapped_column(String(64), index=True)  # an import's, a recipe's or a model's id
    parameters: Mapped[dict[str, Any]]  # what else the kind needs to know, fixed when the job is made
    state: Mapped[str] = mapped_column(String(16), default=TrainingJobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    # The fencing token: raised by every claim, and what a worker writes counts only where it still holds.
    token: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime] = mapped_column(default=now)
    troubled_since: Mapped[datetime | None]  # the first fault that may pass, since it last came on
    cancel_asked_by: Mapped[str | None] = mapped_column(String(100))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # a TrainingProgress
    log_tail: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str | None] = mapped_column(String(2000))
    result: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # by kind, say the digest of the model that came out
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class TrainingEpoch(Base):
    """The figures of one epoch of a training, for its curves."""

    __tablename__ = "training_epoch"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("training_job.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)  # from 1
    figures: Mapped[dict[str, Any]]  # an EpochRecord
    at: Mapped[datetime] = mapped_column(default=now)


class TrainingSchedule(Base):
    """A recipe that is trained anew with the newest signed cases every so many days."""

    __tablename__ = "training_schedule"

    recipe_name: Mapped[str] = mapped_column(String(100), primary_key=True)
    every_days: Mapped[int]
    next_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[datetime] = mapped_column(default=now)
