"""A training's own process that is killed in the middle of an epoch: `python -m tests.support.killed_training`.

Arguments: the job's folder, the blob store's URL, and the epoch and its step at which the process kills itself.
"""

import os
import signal
import sys
from pathlib import Path

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.training import training_run
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.training.train_job import Train


class Killing:
    """Hears of a step and ends it all."""

    def __init__(self, epoch: int, step: int) -> None:
        self._fatal = (epoch, step)

    def progress(self, progress: TrainingProgress) -> None:
        """See `Tell.progress`."""
        if progress.phase == "Training" and (progress.epoch, progress.done) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def epoch(self, record: EpochRecord) -> None:
        """See `Tell.epoch`."""

    def log(self, text: str) -> None:
        """See `Tell.log`."""


def main(folder: str, blob_url: str, epoch: str, step: str) -> None:
    """Train until the fatal step."""
    training_run.TELL_SECONDS = 0.0  # of every step
    Train().work(Path(folder), open_blob_store(Settings(blob_url=blob_url)), Killing(int(epoch), int(step)))


if __name__ == "__main__":
    main(*sys.argv[1:])
