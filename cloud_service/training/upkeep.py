"""What becomes due by itself in the training queue: schedules, and trainings that waited for their data set."""

from sqlalchemy import Engine, exists, select

from cloud_service.database import snapshot, transaction
from cloud_service.models import TrainingSchedule, now
from cloud_service.training.again import advance, waiting_jobs
from cloud_service.training.schedule import start_due


def let_begin(engine: Engine) -> bool:
    """Queue what is due, and let begin what waited; by as many processes at a time as there are.

    Looks first, without holding anybody up.

    Returns:
        Whether something changed.
    """
    due = select(exists().where(TrainingSchedule.next_at <= now()))
    with snapshot(engine) as session:
        is_due, waiting = bool(session.scalar(due)), waiting_jobs(session)
    changed = False
    if is_due:
        with transaction(engine) as session:
            changed = bool(start_due(session))
    for job_id in waiting:
        with transaction(engine) as session:
            changed = advance(session, job_id) or changed
    return changed
