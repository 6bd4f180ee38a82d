"""The task of the training queue: a nudge without arguments; the database says what to do."""

from collections.abc import Callable

from celery import Celery

from cloud_service.celery_app import TaskName
from cloud_service.training.process import TrainingProcess


def register(app: Celery, process: Callable[[], TrainingProcess]) -> None:
    """Give an app its task.

    Args:
        app: that a worker runs.
        process: returns this worker's process, the same at each call.
    """

    @app.task(name=TaskName.TRAIN.value, shared=False)
    def look() -> None:
        process().look()
