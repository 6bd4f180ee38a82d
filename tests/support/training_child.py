"""The program behind `tests.support.training_jobs.TrainingWorker`: arguments KIND SETTINGS_FILE."""

import json
import sys
from pathlib import Path

from celery.signals import setup_logging, worker_ready
from pydantic import SecretStr

from cloud_service.blob_store import open_blob_store
from cloud_service.celery_app import TRAINING_QUEUE, make_app
from cloud_service.config import Settings
from cloud_service.database import make_engine
from cloud_service.inference.commands import run_worker
from cloud_service.training.process import TrainingProcess
from cloud_service.training.tasks import register
from cloud_service.wakeup import Notifier
from shared.logs import configure, get_logger
from tests.support import counting

log = get_logger(__name__)


def main(kind_name: str, settings_file: Path) -> int:
    values = json.loads(settings_file.read_text())
    settings = Settings(**(values | {"redis_url": SecretStr(values["redis_url"])}))
    configure("training-worker")
    setup_logging.connect(_keep_ours)
    worker_ready.connect(_ready)
    kind = getattr(counting, kind_name)
    process = TrainingProcess(
        make_engine(settings.database_url),
        open_blob_store(settings),
        Notifier(settings.redis_url.get_secret_value()),
        settings,
        lambda _name: kind(),
    )
    app = make_app(settings)
    register(app, lambda: process)
    return run_worker(app, lambda: process, TRAINING_QUEUE)


def _keep_ours(**_details: object) -> None:
    """Celery sets up no logging where this signal has a receiver."""


def _ready(**_details: object) -> None:
    log.info("child ready")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
