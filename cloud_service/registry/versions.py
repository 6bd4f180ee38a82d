"""Model versions: registered once for good, by the digest of their package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.blob_store import BlobStore
from cloud_service.database import upsert
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.models import EVERYWHERE, ModelActivation, ModelVersion
from cloud_service.registry.events import record_model_events
from cloud_service.registry.packages import archive_of
from cloud_service.vocabulary import ModelState
from shared.identifiers import sha256_of_bytes


@dataclass(frozen=True, slots=True)
class KeptPackage:
    """A verified package whose archive is durable in the blob store."""

    package: ModelPackage
    sha256: str  # of the archive


def keep_package(blobs: BlobStore, package_dir: Path) -> KeptPackage:
    """Keep a package in the blob store; no part of a transaction, which would hold everybody up meanwhile on SQLite.

    Raises:
        ModelPackageError: the folder holds no package as its card says.
        TransientError: the blob store is away.
    """
    package = load_package(package_dir)
    archive = archive_of(package)
    sha256 = sha256_of_bytes(archive)
    blobs.put(sha256, archive)
    return KeptPackage(package, sha256)


def register_package(
    session: Session, kept: KeptPackage, *, by: Actor, training_job_id: UUID | None = None
) -> ModelVersion:
    """See that a package that is kept has its version's row: a candidate, where it is new.

    As often as one likes, and from several processes: a version is registered once. Its event and its audit entry come
    last in this call; change rows that others lock before it.

    Args:
        session: the transaction.
        kept: the package.
        by: who registers it.
        training_job_id: the job that it came out of.
    """
    package, sha256 = kept.package, kept.sha256
    is_new = _insert(session, package, sha256, by, training_job_id)
    version = session.get_one(ModelVersion, package.digest, populate_existing=True)
    if version.package_sha256 != sha256:  # it answered before packages were kept
        version.package_sha256 = sha256
        session.flush()
    if is_new:
        record_model_events(session, [version.digest])
        record(session, by, Action.MODEL_REGISTERED, version.digest, name=version.name, version=version.version)
    return version


def version_by_digest(session: Session, digest: str) -> ModelVersion:
    """One version, by its digest or by what this begins with.

    Raises:
        NotFoundError: there is none.
        ConflictError: several digests begin so.
    """
    query = select(ModelVersion).where(ModelVersion.digest.startswith(digest, autoescape=True)).limit(2)
    found = session.scalars(query).all()
    if not found:
        raise NotFoundError(f"No model with the digest {digest} is registered.")
    if len(found) > 1:
        raise ConflictError(f"Several models' digests begin with {digest}; name more digits.")
    return found[0]


def active_digest(session: Session, site: str) -> str | None:
    """The digest of the model that answers for a site: its own, else the one everywhere; None: there is none yet."""
    query = select(ModelActivation.scope, ModelActivation.model_digest).where(
        ModelActivation.scope.in_([site, EVERYWHERE]), ModelActivation.until_at.is_(None)
    )
    found = dict(session.execute(query).all())
    return found.get(site, found.get(EVERYWHERE))


def _insert(session: Session, package: ModelPackage, sha256: str, by: Actor, training_job_id: UUID | None) -> bool:
    """Write the version's row; return False where it was there."""
    card: dict[str, Any] = package.card.model_dump(mode="json")
    row = {
        "digest": package.digest,
        "name": package.card.name,
        "version": package.card.version,
        "card": card,
        "state": ModelState.CANDIDATE,
        "package_sha256": sha256,
        "training_job_id": training_job_id,
        "registered_by": by.name,
    }
    inserted = upsert(session, ModelVersion).on_conflict_do_nothing().returning(ModelVersion.digest)
    return session.execute(inserted, row).first() is not None
