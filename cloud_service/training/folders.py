"""The folders of jobs: what a process needs, and what it leaves for its next attempt; removed when the job is over.

What took hours is not lost where a training fails behind its last epoch, say because the export is refused: its run,
with the trained weights, stays for a while.
"""

import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.models import TrainingJob, now
from cloud_service.vocabulary import TrainingJobState
from shared.errors import TransientError

KEPT_FOR: Final = timedelta(days=30)
"""So long after the end of a training that failed its trained weights stay."""
RUN_NAME: Final = "run"
_WEIGHTS_NAME: Final = "trained.safetensors"  # ml.training.run.WEIGHTS_NAME, which would import torch


class JobFolders:
    """Under `root`, one folder a job, by its id.

    Args:
        root: `settings.training_dir`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve() / "jobs"

    def of(self, job_id: UUID) -> Path:
        """The folder of a job; made where it is missing.

        Raises:
            TransientError: it cannot be made; the text says why.
        """
        folder = self._root / str(job_id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TransientError(
                f"{folder} cannot be made: {error.strerror}. Let SMEARFLOW_TRAINING_DIR name a folder with some space."
            ) from error
        return folder

    def weights(self, job_id: UUID) -> Path | None:
        """The weights that a job has trained; None where it has not come so far, or the folder is another machine's."""
        weights = self._root / str(job_id) / RUN_NAME / _WEIGHTS_NAME
        return weights if weights.is_file() else None

    def clear(self, job: TrainingJob) -> None:
        """Remove the folder of a job that is over, but for the run of a training that failed when it was trained.

        What cannot be removed now is at the next `tidy`.
        """
        folder = self._root / str(job.id)
        if _keeps_weights(job) and self.weights(job.id) is not None:
            for part in folder.iterdir():
                if part.name != RUN_NAME:
                    _remove(part)
        else:
            _remove(folder)

    def tidy(self, session: Session) -> None:
        """Clear the folders of jobs that are over: they ended elsewhere, or the worker died before it came to that."""
        found = {UUID(folder.name): folder for folder in self._root.glob("*-*-*-*-*") if folder.is_dir()}
        if not found:
            return
        jobs = {job.id: job for job in session.scalars(select(TrainingJob).where(TrainingJob.id.in_(found)))}
        for job_id, folder in found.items():
            if job_id not in jobs:
                _remove(folder)
            elif TrainingJobState(jobs[job_id].state).is_over:
                self.clear(jobs[job_id])


def _keeps_weights(job: TrainingJob) -> bool:
    return job.state == TrainingJobState.FAILED and job.ended_at is not None and job.ended_at > now() - KEPT_FOR


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
