"""The Celery app: JSON only, names and ids only, no result backend. Its messages are nudges; the database is the queue.

This module imports no task, so that every process may send a nudge by its name without loading a model.
"""

from enum import StrEnum
from typing import Any

from celery import Celery
from pydantic import SecretStr

from cloud_service.config import Settings, settings

INFERENCE_QUEUE, TRAINING_QUEUE = "inference", "training"
_RUN_EXPIRES_SECONDS = 300
_SWEEP_EXPIRES_SECONDS = 60
_SOCKET_TIMEOUT_SECONDS = 10
VISIBILITY_TIMEOUT_SECONDS = 120
"""After this long Redis hands an unacknowledged message out again; every task must end well before."""


class TaskName(StrEnum):
    """The tasks, as they are named on the wire."""

    RUN = "inference.run"  # claim and analyse until nothing is claimable
    SWEEP = "inference.sweep"  # find jobs that no nudge has reached
    TRAIN = "training.look"  # a worker of the training queue looks for a job at once, not by its clock


def make_app(settings: Settings) -> Celery:
    """An app on the settings' Redis; it sends by task name, and a worker finds the tasks themselves."""
    app = Celery("smearflow", broker=settings.redis_url.get_secret_value(), set_as_current=False)
    app.conf.update(_RULES)
    app.conf.beat_schedule = {
        "sweep": {
            "task": TaskName.SWEEP.value,
            "schedule": settings.sweep_seconds,
            # While no worker is there, sweeps must not pile up; a busy worker still gets to them.
            "options": {"expires": max(_SWEEP_EXPIRES_SECONDS, settings.sweep_seconds * 2)},
        }
    }
    return app


def make_sender(redis_url: str) -> Celery:
    """An app that only sends, and gives up at once where Redis is away: 12 s less than with kombu's own retries."""
    app = make_app(Settings(redis_url=SecretStr(redis_url)))
    app.conf.broker_transport_options = app.conf.broker_transport_options | {"max_retries": 0}
    return app


def nudge(app: Celery, task: TaskName = TaskName.RUN) -> None:
    """Tell a worker that jobs wait. A lost nudge is made good by the sweep, so there is no retry here.

    Raises:
        kombu.exceptions.OperationalError: Redis is not there.
    """
    app.send_task(task.value, expires=_RUN_EXPIRES_SECONDS, retry=False)


def warm_up(app: Celery) -> None:
    """Load what Celery loads, in modules and objects, when it sends for the first time."""
    _ = app.amqp.send_task_message, app.backend


_RULES: dict[str, Any] = {
    "task_default_queue": INFERENCE_QUEUE,
    "task_routes": {TaskName.TRAIN.value: {"queue": TRAINING_QUEUE}},
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_acks_late": True,
    # Rejecting what killed its worker hands the same poison out for ever; attempts are counted in the database instead.
    "task_reject_on_worker_lost": False,
    # No bound: where Redis dies between a task and its acknowledgement, the message counts as under way for ever, and
    # with a bound of one the worker never asks for another, nor finds that its connection is lost. The solo pool runs
    # each message as it comes, so there is nothing to hold back from other workers.
    "worker_prefetch_multiplier": 0,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # for ever: a supervisor's restart would do no better
    "broker_connection_timeout": _SOCKET_TIMEOUT_SECONDS,
    "broker_transport_options": {
        "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        # Without time-outs a half-open connection holds a worker for ever.
        "socket_timeout": _SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": _SOCKET_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 5,
    },
    "beat_scheduler": "celery.beat:Scheduler",  # in memory: one schedule by interval needs no file
    "timezone": "UTC",
    "enable_utc": True,
}

app = make_app(settings())
