"""Reads of the models that have answered captures."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.errors import NotFoundError
from cloud_service.inference.model_schemas import ModelDetail, ModelSummary
from cloud_service.models import ModelVersion, Prediction


def models_in_use(session: Session) -> list[ModelSummary]:
    """Every model that has answered a capture, the newest first."""
    return list(_summaries(session))


def model_by_digest(session: Session, digest: str) -> ModelDetail:
    """One model with its card.

    Raises:
        NotFoundError: none with this digest has answered a capture.
    """
    for summary in _summaries(session, digest):
        return ModelDetail(**dict(summary), card=session.get_one(ModelVersion, digest).card)
    raise NotFoundError(f"No model with the digest {digest} has answered a capture.")


def _summaries(session: Session, digest: str | None = None) -> Iterator[ModelSummary]:
    answers = select(
        Prediction.model_digest,
        func.count().label("answers"),
        func.max(Prediction.created_at).label("last_used_at"),
    ).group_by(Prediction.model_digest)
    if digest is not None:
        answers = answers.where(Prediction.model_digest == digest)
    counted = answers.subquery()
    # Columns, not rows: the whole card would be read with each.
    query = (
        select(
            ModelVersion.digest,
            ModelVersion.name,
            ModelVersion.version,
            ModelVersion.first_used_at,
            counted.c.answers,
            counted.c.last_used_at,
        )
        .outerjoin(counted, counted.c.model_digest == ModelVersion.digest)
        .order_by(ModelVersion.first_used_at.desc(), ModelVersion.digest)
    )
    if digest is not None:
        query = query.where(ModelVersion.digest == digest)
    for row in session.execute(query):
        yield ModelSummary(
            digest=row.digest,
            name=row.name,
            version=row.version,
            first_used_at=row.first_used_at,
            last_used_at=row.last_used_at,
            answers=row.answers or 0,
        )
