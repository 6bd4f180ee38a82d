"""A worker that takes data sets in by the kinds of `tests.support.dying_kinds`: arguments SETTINGS_FILE CONTROL."""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine
from cloud_service.training.process import TrainingProcess
from shared.logs import configure, get_logger
from tests.support.dying_kinds import CONTROL, KINDS
from tests.support.inference import CountingWakeUps
from tests.support.processes import ServerProcess


class DyingWorker(ServerProcess):
    """The worker, as the test sees it.

    Args:
        folder: for its settings and its log.
        settings: of the cloud it works for.
        steered_by: the folder by which the test steers.
    """

    def __init__(self, folder: Path, settings: Settings, steered_by: Path) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self._settings, self._control = folder / "settings.json", steered_by
        values = settings.model_dump(mode="json") | {"redis_url": settings.redis_url.get_secret_value()}
        self._settings.write_text(json.dumps(values))

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        return [sys.executable, "-m", "tests.support.dying_imports", self._settings, self._control]

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return self.log.exists() and '"child ready"' in self.log.read_text()

    def has_ended(self) -> bool:
        """Whether it is dead."""
        return self._process is None or self._process.poll() is not None


def main(settings_file: str, steered_by: str) -> None:
    os.environ[CONTROL] = steered_by
    values = json.loads(Path(settings_file).read_text())
    settings = Settings(**(values | {"redis_url": SecretStr(values["redis_url"])}))
    configure("training-worker")
    blobs = open_blob_store(settings)
    process = TrainingProcess(
        make_engine(settings.database_url), blobs, CountingWakeUps(), settings, lambda name: KINDS[name]()
    )
    process.start()
    get_logger(__name__).info("child ready")
    while True:
        time.sleep(60)  # until it is killed


if __name__ == "__main__":
    main(*sys.argv[1:])
