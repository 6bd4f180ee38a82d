"""The program behind `tests.support.inference.WorkerChild`: arguments MODE RUNTIME SETTINGS_FILE."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from celery.signals import beat_init, setup_logging, worker_ready
from pydantic import SecretStr

from cloud_service.blob_store import open_blob_store
from cloud_service.celery_app import make_app
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot
from cloud_service.inference.commands import run_worker
from cloud_service.inference.process import InferenceProcess
from cloud_service.inference.worker import InferenceWorker
from cloud_service.ml.runtimes.contract import Pixels, Predictions, Runtime
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.models import ModelVersion
from cloud_service.registry.served import Load, ServedModel
from cloud_service.registry.serving import Serving
from cloud_service.tasks import register
from cloud_service.wakeup import Notifier
from shared.logs import configure, get_logger
from tests.support.inference import PACKAGE
from tests.support.waiting import wait_until

log = get_logger(__name__)


class PoisonRuntime(FakeRuntime):
    """A black image kills the process, as a fault in a native library would."""

    def predict(self, batch: Pixels) -> Predictions:
        found = super().predict(batch)
        if (found.probabilities > 0.99).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return found


def loader(folder: Path, runtime: Runtime, *, is_gated: bool) -> Load:
    """Loads every version as PACKAGE under another digest; a gated one waits in that for `go`, PACKAGE itself apart."""

    def load(version: ModelVersion) -> ServedModel:
        if is_gated and version.digest != PACKAGE.digest:
            (folder / "started").touch()
            wait_until((folder / "go").exists)
        return ServedModel.of(replace(PACKAGE, digest=version.digest), runtime)

    return load


class GatedRuntime(FakeRuntime):
    """Says that it was called, and answers once it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def predict(self, batch: Pixels) -> Predictions:
        (self._folder / "started").touch()
        wait_until((self._folder / "go").exists)
        return super().predict(batch)


def main(mode: str, runtime_name: str, settings_file: Path) -> int:
    values = json.loads(settings_file.read_text())
    settings = Settings(**(values | {"redis_url": SecretStr(values["redis_url"])}))
    configure(mode)
    setup_logging.connect(_keep_ours)
    worker_ready.connect(_ready)
    beat_init.connect(_ready)
    app = make_app(settings)
    if mode == "beat":
        app.Beat(quiet=True).run()
        return 0
    runtimes: dict[str, Runtime] = {
        "fake": FakeRuntime(),
        "poison": PoisonRuntime(),
        "gated": GatedRuntime(settings_file.parent),
        "gated-loading": FakeRuntime(),
    }
    engine, notifier = make_engine(settings.database_url), Notifier(settings.redis_url.get_secret_value())
    runtime = runtimes[runtime_name]
    serving = Serving(loader(settings_file.parent, runtime, is_gated=runtime_name == "gated-loading"))
    with snapshot(engine) as session:
        serving.refresh(session)
    serving.wait()
    worker = InferenceWorker(
        serving=serving,
        blob_store=open_blob_store(settings),
        engine=engine,
        notifier=notifier,
        settings=settings,
    )
    process = InferenceProcess(worker, engine, notifier, settings)
    if mode == "celery":
        register(app, lambda: process)
        return run_worker(app, lambda: process)
    process.start()  # its own clock does the work
    _ready()
    signal.pause()
    return 0


def _keep_ours(**_details: object) -> None:
    """Celery sets up no logging where this signal has a receiver."""


def _ready(**_details: object) -> None:
    log.info("child ready")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
