"""`smearflow worker` and `smearflow beat`: Celery's two processes, which log as all others do."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

commands = typer.Typer()


class WorkerProcess(Protocol):
    """What works off a queue beside Celery, which only hastens it."""

    def start(self) -> None:
        """Look for jobs from now on."""

    def stop(self) -> None:
        """Claim no further job; called from a signal handler."""

    def close(self) -> None:
        """Stop, wait until the job under way is settled, and let go of everything."""


class Queue(StrEnum):
    """What a worker works off."""

    INFERENCE = "inference"
    TRAINING = "training"


@commands.command(epilog="Example: smearflow worker --queue training")
def worker(
    queue: Annotated[
        Queue, typer.Option(help="inference: analyse captures; training: data sets, trainings and assessments")
    ] = Queue.INFERENCE,
) -> None:
    """Take jobs from the database when nudged, or by the clock: analyses, or the long work around training.

    On one machine the long work comes after all else; it has a worker of its own, so that analyses never wait for it.
    """
    from cloud_service.celery_app import app
    from cloud_service.config import settings

    _log_json("worker" if queue is Queue.INFERENCE else "training-worker", settings().log_level)
    raise typer.Exit(run_worker(app, _process_for(queue), queue.value))


@commands.command(epilog="Example: smearflow beat")
def beat() -> None:
    """Send the sweeps. Two of these do no harm, but one is enough."""
    from cloud_service.celery_app import app
    from cloud_service.config import settings

    _log_json("beat", settings().log_level)
    app.Beat(quiet=True, loglevel=settings().log_level).run()


def _process_for(queue: Queue) -> "Callable[[], WorkerProcess]":
    """What works off a queue; its tasks are registered."""
    if queue is Queue.INFERENCE:
        from cloud_service import tasks  # noqa: F401 - registers the tasks
        from cloud_service.inference import process as inference

        return inference.current
    from cloud_service.celery_app import app
    from cloud_service.training import process as training
    from cloud_service.training.tasks import register

    register(app, training.current)
    return training.current


def run_worker(app: "Celery", process: "Callable[[], WorkerProcess]", queue: str = Queue.INFERENCE.value) -> int:
    """Run a Celery worker in this process until SIGTERM or SIGINT; return its exit code.

    The solo pool: ONNX Runtime's threads and forks do not mix, and one process a core was fastest (deploy/decisions).

    Args:
        app: with its tasks registered.
        process: as the tasks were registered with.
        queue: whose messages it takes.

    Raises:
        PermanentError: the model or the settings are not as they must be.
    """
    from celery.signals import worker_shutting_down

    works = process()

    def stop(**_details: object) -> None:
        works.stop()

    worker_shutting_down.connect(stop, weak=False)
    works.start()
    try:
        celery_worker = app.Worker(
            pool="solo",
            concurrency=1,
            queues=[queue],
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        celery_worker.start()
        return int(celery_worker.exitcode or 0)
    finally:
        worker_shutting_down.disconnect(stop)
        works.close()


def _log_json(process: str, level: str) -> None:
    from celery.signals import setup_logging

    from shared.logs import configure

    configure(process, level)

    def keep_ours(**_details: object) -> None:
        """Celery sets up no logging where this signal has a receiver."""

    setup_logging.connect(keep_ours, weak=False)
