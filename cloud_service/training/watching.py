"""A job as the command line follows it."""

from collections.abc import Callable
from contextlib import closing
from typing import Final
from uuid import UUID

from cloud_service.config import settings
from cloud_service.database import snapshot
from cloud_service.training import queries
from cloud_service.training.schemas import TrainingJobSummary, TrainingJobView, TrainingProgress
from cloud_service.wakeup import ChangeListener

_LOOK_SECONDS: Final = 1.0  # where no wake-up call comes


def watch(job_id: UUID, say: Callable[[str], object]) -> TrainingJobView:
    """Say each change of a job until it is over; return it as it then is.

    Args:
        job_id: whose.
        say: takes a line.

    Raises:
        NotFoundError: there is none with this id.
    """
    said = ""
    with closing(ChangeListener(settings().redis_url.get_secret_value())) as changes:
        while True:
            found = view(job_id)
            line = standing(found)
            if line != said:
                say(line)
                said = line
            if found.state.is_over:
                return found
            changes.wait(_LOOK_SECONDS)


def view(job_id: UUID) -> TrainingJobView:
    """A job with all that is known of it.

    Raises:
        NotFoundError: there is none with this id.
    """
    with snapshot() as session:
        return queries.job_view(session, queries.known_job(session, job_id))


def standing(job: TrainingJobSummary) -> str:
    """Where a job stands, in one line."""
    told = f"{job.state}, being cancelled" if job.is_cancelling else str(job.state)
    if job.reason:
        return f"{told}: {job.reason}"
    if job.progress is None or job.state.is_over:
        return told
    return f"{told}: {_progress(job.progress)}"


def _progress(progress: TrainingProgress) -> str:
    parts = [progress.phase]
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch} of {progress.epochs}")
    if progress.total:
        parts.append(f"{progress.done} of {progress.total}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4f}")
    parts += [f"{name.replace('_', ' ')} {value:.4f}" for name, value in progress.metrics.items()]
    if progress.images_per_second is not None:
        parts.append(f"{progress.images_per_second:.0f} images/s")
    if progress.seconds_left is not None:
        parts.append(f"{progress.seconds_left:.0f} s left")
    return ", ".join(parts)
