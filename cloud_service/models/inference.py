"""Model versions, inference jobs (the queue of record) and predictions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from cloud_service.vocabulary import ModelState
from shared.vocabulary import JobState


class ModelVersion(Base):
    """A version of a model, by the digest of its package; its timeline is in `model_activation`."""

    __tablename__ = "model_version"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(200))
    card: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), server_default=ModelState.ACTIVE)
    package_sha256: Mapped[str | None] = mapped_column(String(64))  # of its archive in the blob store
    training_job_id: Mapped[UUID | None]  # that it came out of
    registered_by: Mapped[str] = mapped_column(String(100), server_default="worker")
    registered_at: Mapped[datetime] = mapped_column(default=now)


class InferenceJob(Base):
    """The job that a stored capture brings with it; Celery's messages only point here."""

    __tablename__ = "inference_job"
    __table_args__ = (Index("ix_inference_job_claim", "state", "not_before", "urgency", "created_at"),)

    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default=JobState.WAITING)
    urgency: Mapped[int] = mapped_column(default=1)  # 0 urgent, 1 routine: ascending is the order of claiming
    attempts: Mapped[int] = mapped_column(default=0)
    # The fencing token: raised by every claim, and a result is written only where it still holds.
    token: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime] = mapped_column(default=now)
    reason: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Prediction(Base):
    """What one model version returned for one capture; there is never a second."""

    __tablename__ = "prediction"
    __table_args__ = (UniqueConstraint("capture_id", "model_digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"))
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"))
    probability: Mapped[float]
    label: Mapped[str] = mapped_column(String(32))
    doubts: Mapped[list[str]] = mapped_column(server_default="[]")  # why it should not be relied on, in sentences
    # Where the model looked, as `ml.attention` keeps it; none where the model gives no map, or gave it before 0006.
    attention: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    runtime: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)
