"""The registry: which model answers where and since when, who wanted it so, and what spoke for it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from cloud_service.models.base import Base, now
from cloud_service.vocabulary import ProposalState

EVERYWHERE = "*"
"""The scope of a model that answers for all sites that have none of their own; no site can be called so."""


class ModelActivation(Base):
    """From when to when a model version answered within a scope. Rows are added and ended, never removed."""

    __tablename__ = "model_activation"
    __table_args__ = (
        Index(
            "ix_model_activation_open",
            "scope",
            unique=True,
            sqlite_where=text("until_at IS NULL"),
            postgresql_where=text("until_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(64))  # a site's id, or EVERYWHERE
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # ActivationKind
    from_at: Mapped[datetime] = mapped_column(default=now)
    until_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(String(100))  # who promoted it or went back to it
    approved_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(2000))
    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_proposal.id"))


class ModelAssessment(Base):
    """How a model did at the gate: on the locked test sets, beside the model in service. Never changed."""

    __tablename__ = "model_assessment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"), index=True)
    champion_digest: Mapped[str | None] = mapped_column(ForeignKey("model_version.digest"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("training_job.id"))
    passed: Mapped[bool]
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # GateChecks: each passed or not, in words
    figures: Mapped[dict[str, Any]]  # ComparisonFigures
    impact: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON
    )  # signed cases that the model would have called otherwise
    created_at: Mapped[datetime] = mapped_column(default=now)


@event.listens_for(ModelAssessment, "before_update")
@event.listens_for(ModelAssessment, "before_delete")
def _refuse_change(_mapper: object, _connection: object, assessment: ModelAssessment) -> None:
    raise TypeError(f"Assessment {assessment.id} never changes. Assess the model again, which adds another one.")


class ModelProposal(Base):
    """Somebody's wish to put a model into service; another administrator decides on it."""

    __tablename__ = "model_proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"), index=True)
    scope: Mapped[str] = mapped_column(String(64))
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_assessment.id"))
    state: Mapped[str] = mapped_column(String(16), default=ProposalState.OPEN, index=True)
    reason: Mapped[str] = mapped_column(String(2000))
    override_reason: Mapped[str | None] = mapped_column(String(2000))  # why in spite of what failed at the gate
    proposed_by: Mapped[str] = mapped_column(String(100))
    proposed_at: Mapped[datetime] = mapped_column(default=now)
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(String(2000))


class ShadowRun(Base):
    """A candidate answers some of the live captures beside the model in service; no clinician sees it."""

    __tablename__ = "shadow_run"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"), index=True)
    scope: Mapped[str] = mapped_column(String(64))
    share: Mapped[float]  # of the captures, in (0, 1]
    started_by: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_by: Mapped[str | None] = mapped_column(String(100))
    ended_at: Mapped[datetime | None]


class ShadowPrediction(Base):
    """What a candidate would have answered, beside the answer that was given."""

    __tablename__ = "shadow_prediction"

    capture_id: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), primary_key=True)
    model_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"), primary_key=True)
    beside_digest: Mapped[str] = mapped_column(ForeignKey("model_version.digest"))  # whose answer was given
    probability: Mapped[float]
    label: Mapped[str] = mapped_column(String(32))
    doubts: Mapped[list[str]] = mapped_column(server_default="[]")
    given_label: Mapped[str] = mapped_column(String(32))
    given_probability: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=now)
