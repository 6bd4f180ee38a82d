"""A cloud with models to be assessed: the model that ships with Smearflow in service, and variants of its card."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cloud_service.audit.trail import Actor
from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.gate.assess_job import Assess
from cloud_service.gate.service import assess
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.package import ModelPackage, load_package, write_package
from cloud_service.ml.synthetic.dataset import image_seed, paired_label, render
from cloud_service.models import EVERYWHERE, Dataset, DatasetImage, ModelAssessment, TrainingJob
from cloud_service.registry.beginning import begin_with
from cloud_service.registry.versions import keep_package, register_package
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.vocabulary import DatasetPurpose
from shared.identifiers import sha256_of_bytes

DEMO_MODEL: Path = Settings.model_fields["model_dir"].default
ANNA, BERT = Actor("a.lang", "administrator"), Actor("b.kern", "administrator")


class Heard:
    """A `Tell` that keeps what it is told."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.lines: list[str] = []

    def progress(self, progress: TrainingProgress) -> None:
        self.phases.append(progress.phase)

    def epoch(self, record: EpochRecord) -> None:
        raise AssertionError(f"an assessment has no epochs: {record}")

    def log(self, text: str) -> None:
        self.lines.append(text)


def crops(count: int, seed: int = 41) -> list[bytes]:
    """JPEG files of procedural cells, a blast and another one in turn; the same for the same arguments."""
    return [_file(render("crop", image_seed(seed, n // 2), paired_label(n)).image) for n in range(count)]


def demo_in_service(session: Session, blobs: BlobStore) -> str:
    """Let the model that ships with Smearflow answer everywhere; returns its digest."""
    package = load_package(DEMO_MODEL)
    begin_with(session, keep_package(blobs, package.directory))
    return package.digest


def variant(folder: Path, **card: Any) -> ModelPackage:
    """The demo model with another card, and so another digest; its network is the same."""
    demo = load_package(DEMO_MODEL)
    changed = demo.card.model_copy(update={"threshold_choice": None, "version": "2"} | card)
    return write_package(folder, changed, {name: demo.read(name) for name in demo.card.files})


def add_variant(session: Session, blobs: BlobStore, folder: Path, **card: Any) -> str:
    """Register a variant of the demo model; returns its digest."""
    return register_package(session, keep_package(blobs, variant(folder, **card).directory), by=ANNA).digest


def add_set(  # noqa: PLR0913 - columns of a data set
    session: Session,
    blobs: BlobStore,
    images: Sequence[bytes],
    *,
    name: str = "locked",
    number: int = 1,
    site: str | None = None,
    purpose: DatasetPurpose = DatasetPurpose.LOCKED_TEST,
    digest: str | None = None,
) -> Dataset:
    """A data set of images that show a blast and none in turn, each a group of its own."""
    dataset = Dataset(
        id=uuid4(),
        name=name,
        number=number,
        purpose=purpose,
        site_id=site,
        digest=digest or sha256_of_bytes(f"{name} {number}".encode()),
        images=len(images),
        positives=len(images[::2]),
        groups=len(images),
        report={},
        created_by="a.lang",
    )
    session.add(dataset)
    session.flush()
    for place, content in enumerate(images):
        sha256 = sha256_of_bytes(content)
        blobs.put(sha256, content)
        session.add(
            DatasetImage(
                dataset_id=dataset.id,
                name=f"{place:04}.jpg",
                sha256=sha256,
                byte_size=len(content),
                is_all=place % 2 == 0,
                group=f"patient {place}",
                kind="crop",
                class_name="ALL" if place % 2 == 0 else "not_all",
                pattern=bytes(1024),
            )
        )
    session.flush()
    return dataset


def ask(
    engine: Engine, digest: str, *, scope: str = EVERYWHERE, promises: Sequence[Measure] = (Measure.BALANCED_ACCURACY,)
) -> UUID:
    """Queue an assessment; returns the job's id."""
    with transaction(engine) as session:
        return assess(session, ANNA, digest=digest, scope=scope, promises=promises).id


def finish(engine: Engine, blobs: BlobStore, job_id: UUID, folder: Path) -> ModelAssessment:
    """What the worker does at the end of a job whose folder holds an outcome."""
    with transaction(engine) as session:
        job = session.get_one(TrainingJob, job_id)
        job.result = Assess().finish(session, job, folder, blobs)
        job.state = "done"
        return session.get_one(ModelAssessment, UUID(job.result["assessment_id"]))


def prepare(engine: Engine, blobs: BlobStore, job_id: UUID, folder: Path) -> None:
    """What the worker does at the beginning of an attempt."""
    folder.mkdir(exist_ok=True)
    with transaction(engine) as session:
        Assess().prepare(session, session.get_one(TrainingJob, job_id), folder, blobs)


def run(engine: Engine, blobs: BlobStore, job_id: UUID, folder: Path) -> ModelAssessment:
    """Prepare, work and finish, all in this process."""
    prepare(engine, blobs, job_id, folder)
    Assess().work(folder, blobs, Heard())
    return finish(engine, blobs, job_id, folder)


def check(assessment: ModelAssessment, name: str) -> dict[str, Any]:
    """One of an assessment's checks."""
    (found,) = [check for check in assessment.checks if check["name"] == name]
    return found


def _file(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def add_assessment(
    session: Session,
    digest: str,
    *,
    champion: str | None,
    passed: bool = True,
    scope: str = EVERYWHERE,
    test_sets: Sequence[UUID] = (),
) -> UUID:
    """An assessment that nobody made; it found nothing but whether the model passes."""
    job = TrainingJob(id=uuid4(), kind="assess", subject=digest, parameters={"scope": scope}, created_by="a.lang")
    session.add(job)
    session.flush()
    checks = [{"name": "sensitivity", "title": "Its sensitivity is not worse", "passed": passed, "text": "…"}]
    figures = {
        "scope": scope,
        "promises": [],
        "margins": {},
        "challenger_size": 224,
        "champion_size": 224,
        "parity": None,
        "speed": None,
        "signed_cases": None,
        "test_sets": [{"dataset_id": str(dataset_id)} for dataset_id in test_sets],
    }
    assessment = ModelAssessment(
        id=uuid4(),
        model_digest=digest,
        champion_digest=champion,
        job_id=job.id,
        passed=passed,
        checks=[check | {"advice": None} for check in checks],
        figures=figures,
        impact=[],
    )
    session.add(assessment)
    session.flush()
    return assessment.id
