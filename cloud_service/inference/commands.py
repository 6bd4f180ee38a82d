"""`smearflow worker` and `smearflow beat`: Celery's two processes, which log as all others do."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from cloud_service.inference.process import InferenceProcess

commands = typer.Typer()


@commands.command(epilog="Example: smearflow worker")
def worker() -> None:
    """Analyse captures: load the model, then take jobs from the database when nudged, or by the clock."""
    from cloud_service import tasks  # noqa: F401 - registers the tasks
    from cloud_service.celery_app import app
    from cloud_service.config import settings
    from cloud_service.inference.process import current

    _log_json("worker", settings().log_level)
    raise typer.Exit(run_worker(app, current))


@commands.command(epilog="Example: smearflow beat")
def beat() -> None:
    """Send the sweeps. Two of these do no harm, but one is enough."""
    from cloud_service.celery_app import app
    from cloud_service.config import settings

    _log_json("beat", settings().log_level)
    app.Beat(quiet=True, loglevel=settings().log_level).run()


def run_worker(app: "Celery", process: "Callable[[], InferenceProcess]") -> int:
    """Run a Celery worker in this process until SIGTERM or SIGINT; return its exit code.

    The solo pool: ONNX Runtime's threads and forks do not mix, and one process a core was fastest (deploy/decisions).

    Args:
        app: with its tasks registered.
        process: as `cloud_service.tasks.register`.

    Raises:
        PermanentError: the model or the settings are not as they must be.
    """
    from celery.signals import worker_shutting_down

    inference = process()

    def stop(**_details: object) -> None:
        inference.stop()

    worker_shutting_down.connect(stop, weak=False)
    inference.start()
    try:
        celery_worker = app.Worker(
            pool="solo", concurrency=1, quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True
        )
        celery_worker.start()
        return int(celery_worker.exitcode or 0)
    finally:
        worker_shutting_down.disconnect(stop)
        inference.close()


def _log_json(process: str, level: str) -> None:
    from celery.signals import setup_logging

    from shared.logs import configure

    configure(process, level)

    def keep_ours(**_details: object) -> None:
        """Celery sets up no logging where this signal has a receiver."""

    setup_logging.connect(keep_ours, weak=False)
