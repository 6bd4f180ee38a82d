"""A cloud in which models are assessed: real packages, locked test sets, signed cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import transaction
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.export import export_onnx
from cloud_service.ml.package import ModelPackage, PackageFile, write_package
from cloud_service.ml.weights import weights_of
from cloud_service.models import Case, LabelCandidate, ModelAssessment, Report, now
from cloud_service.registry.versions import keep_package, register_package
from shared.identifiers import sha256_of_bytes
from tests.support.gate import ANNA, add_set, add_variant, ask, demo_in_service, run
from tests.support.model_packages import card_for
from tests.support.training_jobs import TrainingCloud
from tests.support.web import new_capture, store


@dataclass(frozen=True)
class Bench:
    """A cloud with the demo model in service."""

    cloud: TrainingCloud
    folder: Path
    champion: str

    @property
    def engine(self) -> Engine:
        return self.cloud.engine

    @property
    def blobs(self) -> BlobStore:
        return self.cloud.blobs

    def variant(self, name: str = "variant", **card: Any) -> str:
        with transaction(self.engine) as session:
            return add_variant(session, self.blobs, self.folder / name, **card)

    def register(self, package: ModelPackage) -> str:
        with transaction(self.engine) as session:
            return register_package(session, keep_package(self.blobs, package.directory), by=ANNA).digest

    def lock(self, images: list[bytes], **fields: Any) -> UUID:
        with transaction(self.engine) as session:
            return add_set(session, self.blobs, images, **fields).id

    def assess(self, digest: str, **fields: Any) -> ModelAssessment:
        job_id = ask(self.engine, digest, **fields)
        return run(self.engine, self.blobs, job_id, self.folder / str(job_id))

    def sign(self, number: int, verdict: str, *images: bytes) -> UUID:
        """A signed case of these images, each of which the one who signed has judged as the case."""
        with transaction(self.engine) as session:
            for place, image in enumerate(images):
                capture = new_capture(session, 10 * number + place)
                store(session, self.blobs, capture, image)
            case = session.scalars(select(Case).where(Case.pseudonym == f"{number:032x}")).one()
            case.signed_by, case.signed_at = "c.diaz", now()
            report = Report(
                id=uuid4(),
                case_id=case.id,
                number=1,
                status="final",
                content={"verdict": verdict},
                content_sha256="0" * 64,
                pdf_sha256="0" * 64,
                signed_by="c.diaz",
            )
            session.add(report)
            session.flush()
            session.add(
                LabelCandidate(
                    capture_id=capture.id,
                    case_id=case.id,
                    report_id=report.id,
                    site_id="north",
                    is_all=verdict == "suspicious",
                    signed_at=now(),
                )
            )
            return case.id


def a_bench(folder: Path, database_url: str) -> Iterator[Bench]:
    cloud = TrainingCloud(folder, database_url)
    with transaction(cloud.engine) as session:
        champion = demo_in_service(session, cloud.blobs)
    yield Bench(cloud, folder, champion)
    cloud.close()


def package_of(folder: Path, network: DeployedNetwork, weights: DeployedNetwork, **card: Any) -> ModelPackage:
    """A package whose ONNX file is of one network, and whose weights are another's."""
    files = {
        PackageFile.ONNX: export_onnx(network, card["preprocess"].size),
        PackageFile.WEIGHTS: weights_of(weights.network),
    }
    made = card_for({name: sha256_of_bytes(content) for name, content in files.items()})
    return write_package(folder, made.model_copy(update=card), files)
