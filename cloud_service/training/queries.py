"""Reads of the jobs of the training queue, and how the API tells them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from cloud_service.errors import NotFoundError
from cloud_service.models import DatasetImport, ModelVersion, TrainingEpoch, TrainingJob, TrainingRecipe
from cloud_service.training.schemas import EpochRecord, TrainingJobSummary, TrainingJobView, TrainingProgress
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState


def known_job(session: Session, job_id: UUID, *, lock: bool = False) -> TrainingJob:
    """A job, locked on wish.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.get(TrainingJob, job_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFoundError(f"There is no training job {job_id}; see `smearflow training jobs`.")
    return found


def newest_jobs(
    session: Session, limit: int, *, kind: TrainingJobKind | None = None, state: TrainingJobState | None = None
) -> Sequence[TrainingJob]:
    """The jobs, newest first, without log and result; on wish of one kind, or in one state."""
    # A list of them shows neither, and 500 logs are 10 MB.
    query = select(TrainingJob).options(
        *(defer(left, raiseload=True) for left in (TrainingJob.log_tail, TrainingJob.result))
    )
    if kind is not None:
        query = query.where(TrainingJob.kind == kind)
    if state is not None:
        query = query.where(TrainingJob.state == state)
    return session.scalars(query.order_by(TrainingJob.created_at.desc(), TrainingJob.id.desc()).limit(limit)).all()


def job_summary(session: Session, job: TrainingJob) -> TrainingJobSummary:
    """A job as lists and events tell it."""
    return TrainingJobSummary(
        id=job.id,
        kind=TrainingJobKind(job.kind),
        subject=job.subject,
        subject_name=_subject_name(session, job),
        state=TrainingJobState(job.state),
        attempts=job.attempts,
        worker=job.worker,
        is_cancelling=job.cancel_asked_by is not None and job.ended_at is None,
        progress=None if job.progress is None else TrainingProgress.model_validate(job.progress),
        reason=job.reason,
        not_before=job.not_before,
        created_by=job.created_by,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def job_view(session: Session, job: TrainingJob) -> TrainingJobView:
    """A job with all that is known of it."""
    figures = select(TrainingEpoch.figures).where(TrainingEpoch.job_id == job.id).order_by(TrainingEpoch.epoch)
    return TrainingJobView(
        **dict(job_summary(session, job)),
        parameters=job.parameters,
        result=job.result,
        epochs=[EpochRecord.model_validate(row) for row in session.scalars(figures)],
        log_tail=job.log_tail,
    )


def _subject_name(session: Session, job: TrainingJob) -> str | None:
    match job.kind:
        case TrainingJobKind.TRAIN:
            recipe = session.get(TrainingRecipe, UUID(job.subject))
            return None if recipe is None else f"{recipe.name} {recipe.number}"
        case TrainingJobKind.ASSESS:
            model = session.get(ModelVersion, job.subject)
            return None if model is None else f"{model.name} {model.version}"
        case _:
            wanted = session.get(DatasetImport, UUID(job.subject))
            return None if wanted is None else wanted.name
