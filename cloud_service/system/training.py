"""What the training queue and its workers say of themselves."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.models import TrainingJob
from cloud_service.system.heartbeats import ALIVE_FOR, heartbeats
from cloud_service.system.schemas import TrainingHealth, TrainingWorkerHealth
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState


def training_health(session: Session, moment: datetime) -> TrainingHealth:
    """The state of the training queue at a moment.

    Args:
        session: a snapshot.
        moment: now.
    """
    counted = select(TrainingJob.state, func.count()).group_by(TrainingJob.state)
    counts = dict(session.execute(counted).all())
    due = select(func.min(TrainingJob.not_before)).where(
        TrainingJob.state == TrainingJobState.WAITING, TrainingJob.not_before <= moment
    )
    oldest = session.scalar(due)
    return TrainingHealth(
        waiting=counts.get(TrainingJobState.WAITING, 0),
        running=counts.get(TrainingJobState.RUNNING, 0),
        failed=counts.get(TrainingJobState.FAILED, 0),
        oldest_unclaimed_seconds=(moment - oldest).total_seconds() if oldest else None,
        workers=_workers(session, moment),
    )


def _workers(session: Session, moment: datetime) -> list[TrainingWorkerHealth]:
    running = select(TrainingJob).where(TrainingJob.state == TrainingJobState.RUNNING)
    jobs = {job.worker: job for job in session.scalars(running)}
    found = []
    for row in heartbeats(session, "training-worker"):
        job = jobs.get(row.name)
        found.append(
            TrainingWorkerHealth(
                name=row.name,
                alive=moment - row.seen_at <= ALIVE_FOR,
                started_at=row.started_at,
                seen_at=row.seen_at,
                job_id=job.id if job else None,
                job_kind=TrainingJobKind(job.kind) if job else None,
                threads=row.about.get("threads"),
                begun=row.about.get("begun", 0),
            )
        )
    return found
