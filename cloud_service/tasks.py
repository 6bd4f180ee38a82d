"""The tasks, by the names that `TaskName` lists. Each is a nudge without arguments; the database says what to do."""

from collections.abc import Callable

from celery import Celery

from cloud_service.celery_app import TaskName, app
from cloud_service.inference.process import InferenceProcess, current

__all__ = ["TaskName", "register"]


def register(app: Celery, process: Callable[[], InferenceProcess]) -> None:
    """Give an app its tasks.

    Args:
        app: that a worker runs.
        process: returns this worker process's inference, the same at each call.
    """

    # Not shared: Celery would give the tasks of one app to every other, in an order that it does not promise.
    @app.task(name=TaskName.RUN.value, shared=False)
    def run() -> None:
        process().run()

    @app.task(name=TaskName.SWEEP.value, shared=False)
    def sweep() -> None:
        process().sweep()


register(app, current)
