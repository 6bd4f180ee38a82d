"""A cloud without its servers, as the inference worker sees it: a database, a blob store, captures that wait."""

import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.inference.jobs import add_jobs
from cloud_service.inference.worker import InferenceWorker
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.models import EVERYWHERE, Base, Capture, Device, InferenceJob, ModelVersion, Prediction, Site
from cloud_service.registry.served import ServedModel
from cloud_service.registry.serving import Serving
from cloud_service.registry.versions import active_digest
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.vocabulary import CaptureState, JobState
from tests.support.model_cards import a_card
from tests.support.photographs import good_quality
from tests.support.processes import ServerProcess
from tests.support.registry import add_model, put_into_service

NO_REDIS = "redis://127.0.0.1:1/0"
DEVICES = {"north": "scope-1", "south": "scope-2"}
"""By site."""
TAKEN_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

PACKAGE = ModelPackage(
    directory=Path("nowhere"),
    digest="d" * 64,
    card=a_card(name="darkness", limits=("It calls dark images suspicious.",)),
)
"""The card of `FakeRuntime`, whose answer is an image's darkness."""


def png(grey: int, mark: int = 0) -> bytes:
    """A plain image of one grey level, `mark` told by one pixel: other bytes, as good as the same picture."""
    pixels = np.full((64, 64, 3), grey, np.uint8)
    pixels[0, 0] = (mark % 256, mark // 256 % 256, mark // 65536)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


class CountingWakeUps:
    """Counts the calls instead of sending them."""

    def __init__(self) -> None:
        self.nudges = self.training_nudges = self.change_calls = 0

    def inference(self) -> None:
        self.nudges += 1

    def training(self) -> None:
        self.training_nudges += 1

    def changes(self) -> None:
        self.change_calls += 1

    def close(self) -> None:
        pass


class InferenceCloud:
    """Database, blob store and settings; tables, sites and devices are made once, and PACKAGE is in service."""

    def __init__(self, folder: Path, database_url: str, **changes: Any) -> None:
        self.settings = cloud_settings(folder, database_url, **changes)
        self.engine: Engine = make_engine(database_url)
        self.blobs = open_blob_store(self.settings)
        self.wake_ups = CountingWakeUps()
        self._sequence = 0
        self._workers: list[InferenceWorker] = []
        Base.metadata.create_all(self.engine)
        with transaction(self.engine) as session:
            session.add_all(Site(id=site) for site in DEVICES)
            session.flush()
            session.add_all(Device(id=device, site_id=site) for site, device in DEVICES.items())
        self.put_into_service(PACKAGE)

    def close(self) -> None:
        """End the workers' threads, and let go of the database."""
        for worker in self._workers:
            worker.close()
        self.engine.dispose()

    def worker(
        self, runtime: Runtime | None = None, package: ModelPackage = PACKAGE, **changes: Any
    ) -> InferenceWorker:
        """A worker with `FakeRuntime` or another, this package being in service; `changes` replace settings."""
        self.put_into_service(package)
        return self.worker_of(ServedModel.of(package, runtime or FakeRuntime()), **changes)

    def worker_of(self, *models: ServedModel, **changes: Any) -> InferenceWorker:
        """A worker that can load these models and no others."""
        by_digest = {model.digest: model for model in models}
        serving = Serving(lambda version: by_digest[version.digest])
        with snapshot(self.engine) as session:
            serving.refresh(session)
        serving.wait()
        worker = InferenceWorker(
            serving=serving,
            blob_store=self.blobs,
            engine=self.engine,
            notifier=self.wake_ups,
            settings=self.settings.model_copy(update=changes),
        )
        self._workers.append(worker)
        return worker

    def introduce(self, package: ModelPackage) -> None:
        """Let a package have its row; a second time changes nothing."""
        with transaction(self.engine) as session:
            if session.get(ModelVersion, package.digest) is None:
                card = package.card.model_dump(mode="json")
                add_model(session, package.card.version, digest=package.digest, name=package.card.name, card=card)

    def put_into_service(self, package: ModelPackage, scope: str = EVERYWHERE) -> None:
        """Let a package answer in a scope; a second time changes nothing."""
        self.introduce(package)
        with transaction(self.engine) as session:
            if active_digest(session, scope) != package.digest:
                put_into_service(session, package.digest, scope=scope)

    def store(self, *payloads: bytes, keep: bool = True, site: str = "north") -> list[UUID]:
        """Captures with these bytes, stored and queued in one transaction; `keep=False` leaves the blob store empty."""
        if keep:  # first, as ingest does: a worker may claim them as soon as they are committed
            for payload in payloads:
                self.blobs.put(sha256_of_bytes(payload), payload)
        with transaction(self.engine) as session:
            return [self._add(session, payload, site).id for payload in payloads]

    def capture(self, capture_id: UUID) -> Capture:
        with snapshot(self.engine) as session:
            return session.get_one(Capture, capture_id)

    def job(self, capture_id: UUID) -> InferenceJob:
        with snapshot(self.engine) as session:
            return session.get_one(InferenceJob, capture_id)

    def count(self, model: type[Base], *conditions: Any) -> int:
        """Rows of a table."""
        with snapshot(self.engine) as session:
            return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

    def is_idle(self) -> bool:
        """Whether every job has come to its end."""
        return self.count(InferenceJob, InferenceJob.state.in_([JobState.WAITING, JobState.CLAIMED])) == 0

    def models_of_answers(self) -> dict[UUID, list[str]]:
        """The digests of the models that answered, by capture."""
        found: dict[UUID, list[str]] = {}
        with snapshot(self.engine) as session:
            for prediction in session.scalars(select(Prediction).order_by(Prediction.created_at)):
                found.setdefault(prediction.capture_id, []).append(prediction.model_digest)
        return found

    def answers(self) -> dict[UUID, list[float]]:
        """The probabilities by capture: one each, if all is well."""
        found: dict[UUID, list[float]] = {}
        with snapshot(self.engine) as session:
            for prediction in session.scalars(select(Prediction)):
                found.setdefault(prediction.capture_id, []).append(prediction.probability)
        return found

    def _add(self, session: Session, payload: bytes, site: str) -> Capture:
        self._sequence += 1
        capture = Capture(
            id=new_capture_id(),
            site_id=site,
            device_id=DEVICES[site],
            outbox_id=UUID(int=7),
            sequence=self._sequence,
            state=CaptureState.STORED,
            sha256=sha256_of_bytes(payload),
            original_sha256=sha256_of_bytes(payload),
            byte_size=len(payload),
            media_type="image/png",
            width=64,
            height=64,
            part_size=65536,
            part_count=1,
            case_pseudonym="c" * 32,
            quality=good_quality().model_dump(mode="json"),
            captured_at=TAKEN_AT,
            received_at=TAKEN_AT,
        )
        session.add(capture)
        add_jobs(session, [capture])
        return capture


def cloud_settings(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with everything in `folder` and no Redis."""
    fields: dict[str, Any] = {
        "database_url": database_url,
        "blob_url": str(folder / "blobs"),
        "redis_url": SecretStr(NO_REDIS),
    }
    return Settings(**(fields | changes))


class WorkerChild(ServerProcess):
    """A worker in a process of its own, to be stopped and killed (`tests.support.inference_child`).

    Args:
        folder: for its log, and for the files by which `gated` runtimes are steered.
        settings: of the cloud it works for.
        mode: "loop" runs batches without Celery, "celery" is a whole worker, "beat" sends the sweeps.
        runtime: "fake"; "poison" is killed by a black image; "gated" waits in its first call until `go` is there,
            "gated-loading" while it loads any model but PACKAGE.
    """

    def __init__(self, folder: Path, settings: Settings, *, mode: str = "loop", runtime: str = "fake") -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self._settings = folder / "settings.json"
        values = settings.model_dump(mode="json") | {"redis_url": settings.redis_url.get_secret_value()}
        self._settings.write_text(json.dumps(values))
        self._mode, self._runtime = mode, runtime
        self.started, self.go = folder / "started", folder / "go"

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        program = [sys.executable, "-m", "tests.support.inference_child"]
        return [*program, self._mode, self._runtime, self._settings]

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return self.log.exists() and '"child ready"' in self.log.read_text()

    def has_ended(self) -> bool:
        """Whether it has come to its end by itself, or by a runtime's hand."""
        return self._process is not None and self._process.poll() is not None
