"""What a worker of the training queue leaves in the database while it trains, for tests of the page."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from cloud_service.models import TrainingEpoch, TrainingJob, now
from cloud_service.training.schemas import TrainingProgress
from cloud_service.training.service import tell
from cloud_service.vocabulary import TrainingJobState
from tests.support.counting import an_epoch


def begin_job(session: Session, job_id: UUID) -> None:
    """Let a worker begin with a job; its process has not told anything yet."""
    job = session.get_one(TrainingJob, job_id)
    job.state, job.started_at, job.attempts, job.worker = TrainingJobState.RUNNING, now(), 1, "training@lab-1"
    tell(session, job)


def work_on_job(session: Session, job_id: UUID, *, epoch: int, epochs: int) -> None:
    """Let a training be half through an epoch, with those before it behind it."""
    job = session.get_one(TrainingJob, job_id)
    for done in range(1, epoch):
        if session.get(TrainingEpoch, (job_id, done)) is None:
            session.add(TrainingEpoch(job_id=job_id, epoch=done, figures=an_epoch(done).model_dump(mode="json")))
    job.progress = TrainingProgress(
        phase="Training",
        done=20,
        total=40,
        epoch=epoch,
        epochs=epochs,
        loss=0.25,
        metrics={"validation_accuracy": 0.9},
        images_per_second=61.4,
        seconds_left=95,
    ).model_dump(mode="json")
    job.log_tail = "\n".join(f"epoch {done} of {epochs} has ended" for done in range(1, epoch))
    tell(session, job)


def end_job(session: Session, job_id: UUID, state: TrainingJobState, **columns: Any) -> None:
    """Let a job be over."""
    job = session.get_one(TrainingJob, job_id)
    job.state, job.ended_at, job.worker = state, now(), None
    for name, value in columns.items():
        setattr(job, name, value)
    tell(session, job)
